/**
 * `caxton/tool` for programs that are no tools, such as an author's unit tests in Node.js: definitions are as they were
 * written, so that `server.tools.add.run(…)` can be called; what only the sandbox has says so.
 */
export class ToolError extends Error {
  name = "ToolError";
}
export class HostError extends Error {
  name = "HostError";
  code = "OUTSIDE";
}
export class FileError extends Error {
  name = "FileError";
  code = "OUTSIDE";
  path = "";
}

export const toolServer = (definition) => definition;

export const file = (name, mediaType, text) => ({
  type: "resource",
  resource: { uri: `file:///${encodeURIComponent(name)}`, mimeType: mediaType, text },
});

const outside = (what) => async () => {
  throw new HostError(`${what} is only there inside of Caxton's sandbox: test it with caxton tool test`);
};

export const readFile = outside("readFile");
export const readTextFile = outside("readTextFile");
export const writeFile = outside("writeFile");
export const removeFile = outside("removeFile");
export const listDirectory = outside("listDirectory");
export const sendMessage = outside("sendMessage");
export const searchMemory = outside("searchMemory");
export const state = Object.fromEntries(
  ["get", "set", "getBytes", "setBytes", "delete", "list"].map((name) => [name, outside(`state.${name}`)]),
);
