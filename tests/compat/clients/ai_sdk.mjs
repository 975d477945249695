// Vercel's AI SDK.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, RetryError, embedMany, generateText, jsonSchema, stepCountIs, streamText, tool } from "ai";
import { BASE, KEY, MODEL, TAP, TEXT, WEATHER, failures, refusals, same, streams, tried } from "./report.mjs";

const provider = createOpenAICompatible({ name: "keyosk", baseURL: `${BASE}/v1`, apiKey: KEY, includeUsage: true });
const model = provider(MODEL);
const tools = { get_weather: tool({ inputSchema: jsonSchema(WEATHER), execute: async () => "18 degrees" }) };
const named = { "tool-calls": "tool_calls" };

// What the SDK hands on of an error inside a stream is the error object of the wire.
class TellTale extends Error {}

async function read(name) {
  let failure = null;
  const any = tool({ inputSchema: jsonSchema({ type: "object" }) });
  const run = streamText({ model: provider(name), prompt: "hello", maxRetries: 0, tools: { f: any, g: any }, onError: ({ error }) => (failure = error) });
  let text = "";
  for await (const part of run.textStream) text += part;
  if (failure) throw failure instanceof Error ? failure : Object.assign(new TellTale(failure.message), failure);
  const calls = (await run.toolCalls).map((call) => [call.toolCallId, call.toolName, JSON.stringify(call.input)]);
  const finish = await run.finishReason;
  return [text, calls, named[finish] ?? finish, (await run.usage).totalTokens];
}

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
await tried("tools", async () => {
  const answer = await generateText({ model, prompt: "hello", tools, stopWhen: stepCountIs(2) });
  same([answer.text, answer.steps[0].toolCalls[0].input], [TEXT, { city: "Paris" }]);
}, 2);
await tried("tools streamed", async () => {
  const run = streamText({ model, prompt: "hello", tools, stopWhen: stepCountIs(2) });
  same([await run.text, (await run.steps)[0].toolCalls[0].input], [TEXT, { city: "Paris" }]);
}, 2);
await tried("embeddings", async () => {
  const answer = await embedMany({ model: provider.textEmbeddingModel(MODEL), values: ["a", "b"] });
  same([answer.embeddings, answer.usage.tokens], [[[0.25, -0.5, 1], [0.25, -0.5, 1]], 8]);
});
await refusals(
  "refusals",
  async (apiKey, name) => {
    const stranger = createOpenAICompatible({ name: "keyosk", baseURL: `${TAP}/v1`, apiKey });
    try {
      return await generateText({ model: stranger(name), prompt: "hello" });
    } catch (error) {
      throw RetryError.isInstance(error) ? error.lastError : error;
    }
  },
  APICallError,
  (error) => [error.statusCode, error.data.error.code, Boolean(error.message && error.data.error.type && error.responseHeaders["x-request-id"])],
  { quota: [429, "insufficient_quota", 3] }, // it does not know x-should-retry
);
await streams("defects", read, ["second choice first", "two choices in one chunk"]); // it joins the choices of a stream
await failures("failures", read, Error);
