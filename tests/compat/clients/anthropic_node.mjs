// The official Anthropic SDK for Node.
import Anthropic from "@anthropic-ai/sdk";
import { BASE, CASES, COLUMN, HELLO, KEY, MODEL, TAP, TEXT, WEATHER, failures, refusals, same, tried } from "./report.mjs";

const client = new Anthropic({ baseURL: BASE, apiKey: KEY });
const once = client.withOptions({ maxRetries: 0 });
const tools = [{ name: "get_weather", input_schema: WEATHER }];
const asked = { model: MODEL, messages: HELLO, max_tokens: 100 };
const helper = (model, more = {}) => once.messages.stream({ ...asked, model, ...more }).finalMessage();
const called = (message) => message.content.filter((block) => block.type === "tool_use").map((block) => [block.name, block.input]);

await tried("text", async () => {
  const answer = await client.messages.create(asked);
  same([answer.content[0].text, answer.usage.input_tokens, answer.usage.output_tokens], [TEXT, 12, 4]);
});
await tried("stream", async () => {
  let text = "";
  for await (const event of await client.messages.create({ ...asked, stream: true })) text += event.delta?.text ?? "";
  same(text, TEXT);
});
await tried("stream helper", async () => {
  const done = await helper(MODEL);
  same([done.content[0].text, done.stop_reason, done.usage.output_tokens], [TEXT, "end_turn", 4]);
});
await tried("tools", async () => {
  const said = await client.messages.create({ ...asked, tools });
  same(called(said), [["get_weather", { city: "Paris" }]]);
  const id = said.content.find((block) => block.type === "tool_use").id;
  const result = { role: "user", content: [{ type: "tool_result", tool_use_id: id, content: "18 degrees" }] };
  const messages = [...HELLO, { role: "assistant", content: said.content }, result];
  same((await client.messages.create({ ...asked, messages, tools })).content[0].text, TEXT);
}, 2);
await tried("tools streamed", async () => same(called(await helper(MODEL, { tools })), [["get_weather", { city: "Paris" }]]));
await tried("count tokens", async () => same((await client.messages.countTokens({ model: MODEL, messages: HELLO })).input_tokens > 0, true), 0);
await tried("models", async () => {
  same((await client.models.list()).data.some((one) => one.id === MODEL), true);
  same((await client.models.retrieve(MODEL)).id, MODEL);
}, 0);
await refusals(
  "refusals",
  (apiKey, model) => new Anthropic({ baseURL: TAP, apiKey }).messages.create({ ...asked, model }),
  Anthropic.APIError,
  (error) => [error.status, error.error.error.type, Boolean(error.error.error.message && error.requestID === error.error.request_id)],
  {
    quota: [402, "billing_error", 1], "bad key": [401, "authentication_error", 1], "disabled key": [403, "permission_error", 1],
    "model not allowed": [403, "permission_error", 1], "upstream 500": [502, "api_error", 3], "upstream 429": [502, "api_error", 3],
  },
);
for (const one of CASES.claude.filter((one) => one.answer)) {
  await tried("defects", async () => {
    const done = await helper(`compat-${COLUMN}-${one.model}`);
    same([done.content[0].text, done.stop_reason, done.usage.output_tokens], ["Hello world", "end_turn", one.answer]);
  }, 1, one.name);
}
await failures("failures", helper, Anthropic.APIError, "claude");
