/* Keyosk's own script: copy buttons, closing menus, secret fields. Every page works without it. */
(() => {
  "use strict";
  const say = (text) => {
    const box = document.getElementById("status");
    if (box) box.textContent = text;
  };

  const textOf = (button) => {
    if (button.dataset.copy) return button.dataset.copy;
    const source = document.getElementById(button.dataset.copyFrom || "");
    if (!source) return "";
    return "value" in source ? source.value : source.textContent.trim();
  };

  const legacyCopy = (text) => {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "sr-only";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  };

  const copy = async (button) => {
    const text = textOf(button);
    let done = false;
    try {
      await navigator.clipboard.writeText(text);
      done = true;
    } catch {
      done = legacyCopy(text); // plain http has no clipboard API
    }
    if (!done) return;
    const label = button.querySelector("[data-label]") || button;
    const before = label.textContent;
    label.textContent = button.dataset.done || "✓";
    say(button.dataset.done || "✓");
    setTimeout(() => { label.textContent = before; }, 1600);
  };

  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (!target) return;
    const button = target.closest("button[data-copy], button[data-copy-from]");
    if (button) copy(button);
    const step = target.closest("button[data-steps]");
    if (step) {
      event.preventDefault();
      const field = document.getElementById(step.dataset.steps);
      const least = Number(field.min), most = Number(field.max);
      field.value = Math.min(most, Math.max(least, (Number(field.value) || least) + Number(step.value)));
      field.dispatchEvent(new Event("change", { bubbles: true }));
      say(field.value);
    }
    const filler = target.closest("button[data-fills]");
    if (filler) {
      const field = document.getElementById(filler.dataset.fills);
      field.value = filler.dataset.value;
      field.dispatchEvent(new Event("change", { bubbles: true }));
      field.focus();
    }
    const closer = target.closest("[data-dismiss]");
    if (closer) closer.closest(closer.dataset.dismiss)?.remove();
    const opener = target.closest("[data-opens]");
    const dialog = opener && document.getElementById(opener.dataset.opens);
    if (dialog instanceof HTMLDialogElement) {
      event.preventDefault();
      dialog.showModal();
    }
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(target)) menu.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    }
  });

  // Codes are grouped while they are typed or pasted, a line each; what has groups of its own, or is no code of ours, stays.
  const grouped = (line) => {
    const letters = line.replaceAll("-", "");
    const isOurs = /^[0-9A-Za-z]{11,20}$/.test(letters) && [...line].every((letter, place) => letter !== "-" || place % 6 === 5);
    return isOurs ? letters.toUpperCase().match(/.{1,5}/g).join("-") : line;
  };

  document.addEventListener("input", (event) => {
    const area = event.target;
    if (!(area instanceof HTMLTextAreaElement) || !("groups" in area.dataset)) return;
    if (event.isComposing || (event.inputType || "").startsWith("delete")) return;
    const text = area.value.split("\n").map(grouped).join("\n");
    if (text === area.value) return;
    let left = area.value.slice(0, area.selectionStart).replaceAll("-", "").length;
    let place = 0;
    while (left > 0 && place < text.length) left -= text[place++] === "-" ? 0 : 1;
    area.value = text;
    area.setSelectionRange(place, place);
  });

  const wake = (root) => {
    for (const button of root.querySelectorAll("button.copy[hidden]")) button.hidden = false;
    // Passkeys need a host name: an address such as 127.0.0.1 cannot be their owner.
    const isAddress = /^[\d.]+$|^\[/.test(location.hostname);
    if (isAddress || !window.PublicKeyCredential) {
      for (const element of root.querySelectorAll("[data-passkey]")) element.hidden = true;
    }
    // Seconds as the server counts them: the visitor's clock may be wrong.
    for (const time of root.querySelectorAll("time[data-countdown]")) {
      const end = performance.now() + 1000 * Number(time.dataset.countdown);
      const tick = () => {
        const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
        time.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
        if (!left || !time.isConnected) clearInterval(clock);
      };
      const clock = setInterval(tick, 1000);
      tick();
    }
    // Times in the viewer's own zone; the server prints UTC.
    for (const time of root.querySelectorAll("time[datetime][data-local]")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      time.title = time.textContent.trim();
      time.textContent = new Intl.DateTimeFormat(document.documentElement.lang || undefined, {
        dateStyle: "medium", timeStyle: time.dataset.local === "seconds" ? "medium" : "short",
      }).format(at);
    }
  };

  // On a phone the console's menu is a row that scrolls: show where one is.
  document.querySelector('.side-link[aria-current="page"]')?.scrollIntoView({ block: "nearest", inline: "center" });
  wake(document);
  document.addEventListener("htmx:load", (event) => wake(event.detail.elt));
})();
