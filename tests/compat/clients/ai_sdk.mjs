// Vercel's AI SDK.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, streamText } from "ai";
import { BASE, KEY, MODEL, TEXT, same, tried } from "./report.mjs";

const model = createOpenAICompatible({ name: "keyosk", baseURL: `${BASE}/v1`, apiKey: KEY, includeUsage: true })(MODEL);

await tried("text", async () => {
  const answer = await generateText({ model, prompt: "hello" });
  same([answer.text, answer.usage.totalTokens], [TEXT, 16]);
});
await tried("stream", async () => {
  const run = streamText({ model, prompt: "hello" });
  let text = "";
  for await (const part of run.textStream) text += part;
  same([text, (await run.usage).totalTokens], [TEXT, 16]);
});
