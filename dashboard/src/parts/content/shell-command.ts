/** What a run is asked for, for showing it as a command. */
export type RunRequest = {
  readonly agent: string;
  readonly input: string;
  readonly files: readonly string[];
  readonly model: string | undefined;
  readonly workspace?: string | undefined;
};

/** How the command line tool is called from a project's directory. */
export const CLI = "caxton";

/** A word a POSIX shell reads as exactly this text. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

export const runCommand = ({ agent, input, files, model, workspace }: RunRequest): string =>
  [
    `${CLI} run ${quoted(agent)} ${quoted(input)}`,
    ...files.map((file) => `--file ${quoted(file)}`),
    ...(model === undefined ? [] : [`--model ${quoted(model)}`]),
    ...(workspace === undefined ? [] : [`--workspace ${quoted(workspace)}`]),
  ].join(" ");

/** The same with curl; files go first, and their ids into the run. */
export function runCurl(origin: string, { agent, input, files, model, workspace }: RunRequest): string {
  const place = workspace === undefined ? "" : ` -H ${quoted(`x-caxton-workspace: ${workspace}`)}`;
  const uploads = files.map(
    (file, index) =>
      `upload${index + 1}=$(curl -s --data-binary @${quoted(file)} -H 'content-type: application/octet-stream'${place} ` +
      `${quoted(`${origin}/api/v1/uploads?name=${encodeURIComponent(file)}`)} | sed 's/.*"id":"\\([^"]*\\)".*/\\1/')\n`,
  );
  const ids = files.map((_file, index) => `"'"$upload${index + 1}"'"`).join(",");
  const body = JSON.stringify({ agent, input, ...(model === undefined ? {} : { model }), wait: true });
  const json = files.length === 0 ? quoted(body) : `${quoted(body).slice(0, -2)},"uploads":[${ids}]}'`;
  return `${uploads.join("")}curl -s ${quoted(`${origin}/api/v1/runs`)} -H 'content-type: application/json'${place} -d ${json}`;
}

export const callCommand = (server: string, tool: string, values: object): string =>
  `${CLI} tool call ${quoted(`${server}.${tool}`)} --args ${quoted(JSON.stringify(values))}`;
