/* The playground: asks the relay as any client does, and shows the answer as it comes. Text only, never HTML. */
(() => {
  "use strict";
  const box = document.getElementById("playground");
  if (!box) return;
  const at = (name) => document.getElementById(`play-${name}`);
  const told = box.dataset;
  const [form, text, talk, problem, send, stop] = ["form", "text", "talk", "error", "send", "stop"].map(at);
  let said = [];
  let running = null;

  const element = (kind, className, parent, words = "") => {
    const made = document.createElement(kind);
    made.className = className;
    made.textContent = words;
    parent.append(made);
    return made;
  };

  const bubble = (who, words = "") => {
    const outer = element("div", `said said-${who}`, talk);
    if (who === "you") {
      outer.textContent = words;
      return { outer };
    }
    return { outer, thought: element("div", "said-thought", outer), answer: element("span", "", outer), facts: element("span", "said-facts", outer) };
  };

  const complain = (words) => {
    problem.textContent = words;
    problem.hidden = !words;
  };

  const show = (isRunning) => {
    send.disabled = isRunning;
    stop.hidden = !isRunning;
  };

  const body = () => {
    const system = at("system").value.trim();
    const asked = { model: at("model").value, stream: true, stream_options: { include_usage: true } };
    asked.messages = system ? [{ role: "system", content: system }, ...said] : said;
    if (at("temperature").value) asked.temperature = Number(at("temperature").value);
    if (at("most").value) asked.max_tokens = Number(at("most").value);
    return JSON.stringify(asked);
  };

  const refusal = async (answer) => {
    if (answer.status === 401) return told.unknown;
    try {
      return (await answer.json()).error.message;
    } catch {
      return `${told.unreached} (${answer.status})`;
    }
  };

  // Yields each event's data of a stream; the last one is [DONE].
  async function* events(stream) {
    const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (rest + value).split(/\r?\n/);
      rest = lines.pop();
      for (const line of lines) if (line.startsWith("data:")) yield line.slice(5).trim();
    }
  }

  const facts = (place, { usage, first, total, id }) => {
    const seconds = (ms) => (ms / 1000).toFixed(2);
    const values = { in: usage?.prompt_tokens ?? "–", out: usage?.completion_tokens ?? "–", first: first === null ? "–" : seconds(first), total: seconds(total) };
    place.textContent = `${told.facts.replace(/\{(in|out|first|total)\}/g, (_, name) => values[name])} `;
    if (!id) return;
    const link = element("a", "prose-link", place, told.cost);
    link.href = `${told.calls}${id}/`;
  };

  // What was refused was not said: it can be changed and sent again.
  const takeBack = (outer) => {
    const last = said.pop()?.content ?? "";
    outer.previousElementSibling?.remove();
    outer.remove();
    if (!text.value) text.value = last;
  };

  const ask = async () => {
    const began = performance.now();
    running = new AbortController();
    show(true);
    complain("");
    const shown = bubble("model");
    // Beginning anew leaves this conversation behind, whatever still comes of it.
    const mine = said;
    const known = { usage: null, first: null, total: 0, id: "" };
    let isDone = false;
    let isRefused = false;
    try {
      const answer = await fetch(told.url, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${told.key}` },
        body: body(),
        signal: running.signal,
        credentials: "omit",
      });
      known.id = (answer.headers.get("x-request-id") || "").replace(/^req_/, "");
      if (!answer.ok || !answer.body) {
        isRefused = true;
        complain(await refusal(answer));
        return;
      }
      for await (const data of events(answer.body)) {
        if (data === "[DONE]") {
          isDone = true;
          break;
        }
        const event = JSON.parse(data);
        if (event.error) {
          complain(event.error.message);
          break;
        }
        if (event.usage) known.usage = event.usage;
        const delta = event.choices?.[0]?.delta ?? {};
        if (known.first === null && (delta.content || delta.reasoning_content)) known.first = performance.now() - began;
        shown.thought.append(delta.reasoning_content ?? "");
        shown.answer.append(delta.content ?? "");
        talk.lastElementChild.scrollIntoView({ block: "nearest" });
      }
      if (!isDone && problem.hidden) complain(told.broken);
    } catch (error) {
      if (mine === said) complain(error.name === "AbortError" ? told.stopped : shown.answer.textContent ? told.broken : told.unreached);
    } finally {
      known.total = performance.now() - began;
      if (mine === said) {
        if (shown.answer.textContent) said.push({ role: "assistant", content: shown.answer.textContent });
        if (isRefused || !shown.outer.textContent) takeBack(shown.outer);
        else facts(shown.facts, known);
      }
      running = null;
      show(false);
      text.focus();
    }
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const words = text.value.trim();
    if (!words || running) return;
    said.push({ role: "user", content: words });
    bubble("you", words);
    text.value = "";
    ask();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  stop.addEventListener("click", () => running?.abort());
  at("clear").addEventListener("click", () => {
    running?.abort();
    said = [];
    talk.replaceChildren();
    complain("");
    text.focus();
  });
})();
