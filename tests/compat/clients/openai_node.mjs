// The official OpenAI SDK for Node.
import OpenAI from "openai";
import { BASE, HELLO, KEY, MODEL, TAP, TEXT, WEATHER, failures, refusals, same, streams, tried } from "./report.mjs";

const client = new OpenAI({ baseURL: `${BASE}/v1`, apiKey: KEY });
const once = client.withOptions({ maxRetries: 0 });
const tools = [{ type: "function", function: { name: "get_weather", parameters: WEATHER } }];
const usage = { stream: true, stream_options: { include_usage: true } };

async function created(model) {
  let [text, finish, tokens] = ["", "", null];
  const calls = {};
  for await (const chunk of await once.chat.completions.create({ model, messages: HELLO, ...usage })) {
    tokens = chunk.usage?.total_tokens ?? tokens;
    for (const choice of chunk.choices.filter((one) => one.index === 0)) {
      text += choice.delta.content ?? "";
      finish = choice.finish_reason ?? finish;
      for (const part of choice.delta.tool_calls ?? []) {
        calls[part.index] ??= [part.id, "", ""];
        calls[part.index][1] += part.function.name ?? "";
        calls[part.index][2] += part.function.arguments ?? "";
      }
    }
  }
  return [text, Object.values(calls), finish, tokens];
}

async function gathered(model, more = {}) {
  const done = await once.chat.completions.stream({ model, messages: HELLO, ...usage, ...more }).finalChatCompletion();
  const choice = done.choices.find((one) => one.index === 0);
  const calls = (choice.message.tool_calls ?? []).map((call) => [call.id, call.function.name, call.function.arguments]);
  return [choice.message.content ?? "", calls, choice.finish_reason, done.usage?.total_tokens];
}

await tried("text", async () => {
  const answer = await client.chat.completions.create({ model: MODEL, messages: HELLO });
  same([answer.choices[0].message.content, answer.usage.total_tokens], [TEXT, 16]);
});
await tried("stream", async () => same((await created(MODEL))[0], TEXT));
await tried("stream helper", async () => same(await gathered(MODEL), [TEXT, [], "stop", 16]));
await tried("tools", async () => {
  const { message } = (await client.chat.completions.create({ model: MODEL, messages: HELLO, tools })).choices[0];
  const [call] = message.tool_calls;
  same([call.function.name, call.function.arguments], ["get_weather", '{"city":"Paris"}']);
  const result = { role: "tool", tool_call_id: call.id, content: "18 degrees" };
  const answer = await client.chat.completions.create({ model: MODEL, messages: [...HELLO, message, result], tools });
  same(answer.choices[0].message.content, TEXT);
}, 2);
await tried("tools streamed", async () => {
  same((await gathered(MODEL, { tools }))[1], [["call_up", "get_weather", '{"city":"Paris"}']]);
});
for (const [model, name] of [[MODEL, "base64"], ["compat-floats", "an upstream that sends numbers"]]) {
  await tried("embeddings", async () => {
    const answer = await client.embeddings.create({ model, input: ["a", "b"] });
    same([answer.data.map((one) => one.embedding), answer.usage.total_tokens], [[[0.25, -0.5, 1], [0.25, -0.5, 1]], 8]);
  }, 1, name);
}
await tried("responses", async () => {
  const answer = await client.responses.create({ model: MODEL, input: "hello", store: false });
  same([answer.output_text, answer.usage.total_tokens], [TEXT, 16]);
});
await tried("responses streamed", async () => {
  const done = await client.responses.stream({ model: MODEL, input: "hello", store: false }).finalResponse();
  same([done.output_text, done.usage.total_tokens], [TEXT, 16]);
});
await tried("models", async () => {
  same((await client.models.list()).data.some((one) => one.id === MODEL), true);
  same((await client.models.retrieve(MODEL)).id, MODEL);
}, 0);
await refusals(
  "refusals",
  (apiKey, model) => new OpenAI({ baseURL: `${TAP}/v1`, apiKey }).chat.completions.create({ model, messages: HELLO }),
  OpenAI.APIError,
  (error) => [error.status, error.code, Boolean(error.message && error.type && error.requestID)],
);
await streams("defects", created);
await failures("failures", created, OpenAI.APIError);
await streams("defects, helper", gathered);
