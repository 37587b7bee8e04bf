import { CaxtonProcess } from "../helpers/process.ts";

/** Between two looks at the server. */
export const PAUSE_MS = 15;

/** A real server of a directory; ready when resolved. */
export async function serve(cwd: string) {
  const process = new CaxtonProcess(["serve", "-o", "json"], { cwd });
  const [, url = ""] = await process.printed(/"url":"(http:[^"]+)"/);
  const ready = async () => {
    while ((await get(`${url}/ready`)).status !== 200) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  };
  const died = async () => {
    const { code, signal, stderr } = await process.ended();
    if (!isReady) throw new Error(`the server ended unexpectedly while it started: ${code ?? signal}\n${stderr}`);
  };
  let isReady = false;
  await Promise.race([ready().then(() => (isReady = true)), died()]).catch(async (error: unknown) => {
    const { code, signal, stderr } = await process.ended();
    throw new Error(`the server ended unexpectedly: ${code ?? signal}\n${stderr}`, { cause: error });
  });
  return { process, url, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
}

/** From a server that lives: a connection that the previous server left half closed is tried again. */
export async function get(url: string, triesLeft = 5): Promise<Response> {
  try {
    return await fetch(url);
  } catch (error) {
    if (triesLeft === 0) throw new Error(`the server does not answer ${url}`, { cause: error });
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    return get(url, triesLeft - 1);
  }
}

export const post = (url: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
