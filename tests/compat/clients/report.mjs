// How a client's script tells what it tried: one JSON line for each feature, or for each case of one.
export const { COMPAT_BASE: BASE, COMPAT_KEY: KEY, COMPAT_MODEL: MODEL, COMPAT_TEXT: TEXT, COMPAT_TAP: TAP, COMPAT_COLUMN: COLUMN } = process.env;
export const [KEYS, CASES] = [JSON.parse(process.env.COMPAT_KEYS), JSON.parse(process.env.COMPAT_CASES)];
export const HELLO = [{ role: "user", content: "hello" }];
export const WEATHER = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
// A refusal: whose key asks for which model, and with which status and code it is refused after how many requests.
export const REFUSALS = {
  quota: [KEYS.poor, MODEL, 429, "insufficient_quota", 1],
  "bad key": [KEYS.bad, MODEL, 401, "invalid_api_key", 1],
  "disabled key": [KEYS.paused, MODEL, 403, "key_disabled", 1],
  "model not allowed": [KEYS.narrow, MODEL, 403, "model_not_allowed", 1],
  "upstream 500": [KEY, `compat-${COLUMN}-upstream-500`, 502, "upstream_unavailable", 3],
  "upstream 429": [KEY, `compat-${COLUMN}-upstream-429`, 502, "upstream_unavailable", 3],
};

export async function tried(feature, act, calls = 1, name = "") {
  let told = "";
  try {
    await act();
  } catch (error) {
    told = `${error?.name}: ${error?.message}`.replaceAll("\n", " ").slice(0, 300);
  }
  console.log(JSON.stringify({ feature, ok: told === "", calls, told, case: name }));
}

export function same(found, wanted) {
  const [left, right] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (left !== right) throw new Error(`${left} instead of ${right}`);
}

// Give a client every defective stream (`beside` some): `read` makes [text, tool calls, finish reason, tokens in all] of a model's.
export async function streams(feature, read, beside = []) {
  for (const one of CASES.streams.filter((one) => !beside.includes(one.name))) {
    await tried(feature, async () => {
      const [text, tools, finish, tokens] = await read(one.model);
      same([text, tools, finish], [one.text, one.tools, one.finish]);
      if (one.usage) same(tokens, 16);
    }, 1, one.name);
  }
}

// Give a client every stream that ends in an error: it must throw one of its own kind.
export async function failures(feature, read, kind, cases = "failures") {
  for (const one of CASES[cases].filter((one) => !one.answer)) {
    await tried(feature, () => thrown(() => read(`compat-${COLUMN}-${one.model}`), kind), 1, one.name);
  }
}

export async function thrown(act, kind) {
  let found;
  try {
    found = await act();
  } catch (error) {
    if (error instanceof kind) return error;
    throw error;
  }
  throw new Error(`${JSON.stringify(found)} instead of a ${kind.name}`);
}

export const requests = async () => Number(await (await fetch(`${TAP}/__count`)).text());

// Let a client with its usual retries be refused: `told` reads [status, code, whether there are a message and a request's id].
// A dialect may say a refusal `otherwise`.
export async function refusals(feature, ask, kind, told, otherwise = {}) {
  for (const [name, [key, model, ...usual]] of Object.entries(REFUSALS)) {
    const [status, code, times] = otherwise[name] ?? usual;
    await tried(feature, async () => {
      await requests();
      const error = await thrown(() => ask(key, model), kind);
      same([...told(error), await requests()], [status, code, true, times]);
    }, name.startsWith("upstream") ? times : 0, name);
  }
}
