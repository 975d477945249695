// The official Anthropic SDK for Node.
import Anthropic from "@anthropic-ai/sdk";
import { BASE, HELLO, KEY, MODEL, TEXT, same, tried } from "./report.mjs";

const client = new Anthropic({ baseURL: BASE, apiKey: KEY });

await tried("text", async () => {
  const answer = await client.messages.create({ model: MODEL, messages: HELLO, max_tokens: 100 });
  same([answer.content[0].text, answer.usage.input_tokens, answer.usage.output_tokens], [TEXT, 12, 4]);
});
await tried("stream", async () => {
  const done = await client.messages.stream({ model: MODEL, messages: HELLO, max_tokens: 100 }).finalMessage();
  same([done.content[0].text, done.stop_reason], [TEXT, "end_turn"]);
});
