import { DatabaseSync } from "node:sqlite";
import { expect } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import type { WorkspaceClient } from "../helpers/workspaces.ts";

const CANARY = "vermilion-canary";
export const agent = (name: string) => ({
  source: `name = "${name}"\nversion = "1.0.0"\ncapabilities = ["answer"]\nsystem_prompt = "Answer ${CANARY}."\n`,
});
/** What each list of a workspace contains. */
export const LISTS = [
  "agents",
  "runs",
  "approvals",
  "conversations",
  "messages",
  "mailboxes",
  "dead-letters",
  "participants",
  "subscriptions",
  "tasks",
  "secrets",
  "memory/log?scopes=workspace,agent-only:ann",
  "memory/entities?scopes=workspace,agent-only:ann",
];
/** Puts something of everything into a workspace. Returns the id of its run. */
export async function fill(server: WorkspaceClient, workspace: string): Promise<string> {
  const ask = async (method: string, path: string, body?: object, token?: string) => {
    const sent = { key: server.admin, workspace, token, ...(body && { body }) };
    const answer = await server.request(method, `/api/v1/${path}`, sent);
    expect(answer.status, `${path} ${JSON.stringify(answer.body)}`).toBeLessThan(300);
    return answer;
  };
  await ask("POST", "agents", agent("speaker"));
  await ask("PUT", "secrets/SPEAKER_KEY", { value: "a-key-of-the-speaker", origins: ["https://speaker.test"] });
  const upload = await fetch(`${server.url}/api/v1/uploads?name=note.txt`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.admin}`, "x-caxton-workspace": workspace, "content-type": "text/plain" },
    body: CANARY,
  });
  expect(upload.status).toBeLessThan(300);
  const { body } = await ask("POST", "runs", { agent: "speaker", input: CANARY, wait: true });
  const talk = { performative: "inform", content: CANARY, conversation_id: `talk-${workspace}` };
  const tokens = [];
  for (const name of ["walter", "paula"]) {
    const registered = await ask("POST", "participants", { name, description: CANARY });
    tokens.push(contract.participants.RegisteredParticipant.parse(registered.body).token ?? "");
  }
  await ask("POST", "messages", { ...talk, sender: "walter", receiver: ["paula"] }, tokens[0]);
  await ask("POST", "messages", { ...talk, sender: "paula", receiver: ["walter"] }, tokens[1]);
  const file = { arguments: { path: "output/note.txt", content: CANARY } };
  await ask("POST", "tools/file_system/write_file/call", file);
  await ask("POST", "subscriptions", { subscriber: "paula", topic: "news" }, tokens[1]);
  await ask("POST", "tasks", { name: CANARY, owner: "walter", participants: ["paula"] }, tokens[0]);
  for (const scope of ["workspace", "agent-only:ann"])
    await ask("POST", "memory/entities", { scope, entities: [{ name: CANARY, type: "thing", observations: ["x"] }] });
  return contract.runs.RunDetail.parse(body).id;
}

export async function listed(server: WorkspaceClient, workspace: string): Promise<Readonly<Record<string, number>>> {
  const counts = LISTS.map(async (path) => {
    const { body } = await server.ask(workspace, "GET", `/api/v1/${path}`);
    return [path, JSON.stringify(body).split(/"(?:id|name|seq|recipient)":/u).length - 1] as const;
  });
  return Object.fromEntries(await Promise.all(counts));
}

/** The tables of a database with rows of a workspace. */
export function tablesWith(file: string, workspace: string): readonly string[] {
  using db = new DatabaseSync(file, { readOnly: true });
  const tables = db
    .prepare(
      `SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c ON c.name = 'workspace' WHERE m.type = 'table'`,
    )
    .all()
    .map(({ name }) => String(name));
  return tables.filter(
    (name) => db.prepare(`SELECT 1 FROM "${name}" WHERE workspace = ?`).get(workspace) !== undefined,
  );
}

export function messageTexts(file: string): string {
  using db = new DatabaseSync(file, { readOnly: true });
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE name LIKE 'msg_%'").all();
  return tables
    .flatMap(({ name }) =>
      db
        .prepare(`SELECT text FROM "${String(name)}"`)
        .all()
        .map(({ text }) => String(text)),
    )
    .join("\n");
}
