// How a client's script tells what it tried: one JSON line for each feature.
export const { COMPAT_BASE: BASE, COMPAT_KEY: KEY, COMPAT_MODEL: MODEL, COMPAT_TEXT: TEXT } = process.env;
export const HELLO = [{ role: "user", content: "hello" }];

export async function tried(feature, act, calls = 1) {
  let told = "";
  try {
    await act();
  } catch (error) {
    told = `${error?.name}: ${error?.message}`.replaceAll("\n", " ").slice(0, 300);
  }
  console.log(JSON.stringify({ feature, ok: told === "", calls, told }));
}

export function same(found, wanted) {
  const [left, right] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (left !== right) throw new Error(`${left} instead of ${right}`);
}
