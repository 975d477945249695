// The official OpenAI SDK for Node.
import OpenAI from "openai";
import { BASE, HELLO, KEY, MODEL, TEXT, same, tried } from "./report.mjs";

const client = new OpenAI({ baseURL: `${BASE}/v1`, apiKey: KEY });

await tried("text", async () => {
  const answer = await client.chat.completions.create({ model: MODEL, messages: HELLO });
  same([answer.choices[0].message.content, answer.usage.total_tokens], [TEXT, 16]);
});
await tried("stream", async () => {
  let text = "";
  for await (const chunk of await client.chat.completions.create({ model: MODEL, messages: HELLO, stream: true })) {
    text += chunk.choices[0].delta.content ?? "";
  }
  same(text, TEXT);
});
await tried("stream helper", async () => {
  const run = client.chat.completions.stream({ model: MODEL, messages: HELLO, stream_options: { include_usage: true } });
  const done = await run.finalChatCompletion();
  same([done.choices[0].message.content, done.usage.total_tokens], [TEXT, 16]);
});
await tried("models", async () => same((await client.models.list()).data.some((one) => one.id === MODEL), true), 0);
await tried("bad key", async () => {
  const stranger = new OpenAI({ baseURL: `${BASE}/v1`, apiKey: "sk-nobody", maxRetries: 0 });
  const error = await stranger.chat.completions.create({ model: MODEL, messages: HELLO }).catch((caught) => caught);
  same([error.status, error.code], [401, "invalid_api_key"]);
}, 0);
