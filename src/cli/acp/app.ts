import {
  agent,
  type AgentApp,
  type ClientCapabilities,
  PROTOCOL_VERSION,
  RequestError,
} from "@agentclientprotocol/sdk";
import { CaxtonError } from "../../kernel/errors.ts";
import { packageVersion } from "../../kernel/package.ts";
import { type Context, reportError } from "../frame/index.ts";
import { AGENT_OPTION } from "./agents.ts";
import { requestError } from "./errors.ts";
import { authMethods, Login, LOGIN } from "./login.ts";
import { Sessions } from "./sessions.ts";

export type AcpOptions = {
  /** Agent of new sessions; undefined: the first one of the server. */
  readonly agent: string | undefined;
  /** Whether agents get tools for the files of the editor. */
  readonly files: boolean;
};
export type AcpServer = { readonly app: AgentApp; readonly sessions: Sessions };

/** The requests of an editor as operations of the server. */
export function acpServer(context: Context, given: AcpOptions): AcpServer {
  const login = new Login(context);
  let capabilities: ClientCapabilities = {};
  const sessions = new Sessions({
    client: () => login.client,
    check: () => login.perform(() => login.check()),
    ...given,
    directory: process.cwd(),
  });
  const editor = ({ client: peer }: { readonly client: Parameters<Sessions["create"]>[0]["client"] }) => ({
    client: peer,
    capabilities,
  });
  const answered = answering(context);
  const performed = <Value>(work: () => Promise<Value>): Promise<Value> => answered(() => login.perform(work));
  const app = agent({ name: "caxton" })
    .onRequest("initialize", ({ params }) => {
      capabilities = params.clientCapabilities ?? {};
      return {
        protocolVersion: PROTOCOL_VERSION,
        agentInfo: { name: "caxton", title: "Caxton", version: packageVersion() },
        agentCapabilities: {
          loadSession: true,
          promptCapabilities: { image: true, audio: true, embeddedContext: true },
          sessionCapabilities: { list: {}, resume: {}, close: {}, delete: {} },
        },
        authMethods: authMethods(capabilities, login.client.server),
      };
    })
    .onRequest("authenticate", ({ params }) =>
      answered(async () => {
        if (params.methodId !== LOGIN) throw RequestError.invalidParams(undefined, `unknown method ${params.methodId}`);
        await login.renew();
        return {};
      }),
    )
    .onRequest("session/new", (request) => performed(() => sessions.create(editor(request), request.params.cwd)))
    .onRequest("session/load", (request) =>
      performed(() => sessions.open(editor(request), request.params, { replays: true })),
    )
    .onRequest("session/resume", (request) =>
      performed(() => sessions.open(editor(request), request.params, { replays: false })),
    )
    .onRequest("session/list", ({ params }) => performed(() => sessions.list(params)))
    .onRequest("session/close", ({ params }) => performed(async () => sessions.close(params.sessionId)))
    .onRequest("session/delete", ({ params }) => performed(() => sessions.delete(params.sessionId)))
    .onRequest("session/set_mode", ({ params }) =>
      performed(async () => void (await sessions.choose(params.sessionId, params.modeId))),
    )
    .onRequest("session/set_config_option", ({ params: { sessionId, configId, value } }) =>
      performed(async () => {
        if (configId !== AGENT_OPTION || typeof value !== "string")
          throw RequestError.invalidParams(undefined, `unknown option ${configId}`);
        const { configOptions } = await sessions.choose(sessionId, value);
        return { configOptions };
      }),
    )
    .onRequest("session/prompt", ({ params, signal }) =>
      answered(async () => ({ stopReason: await sessions.get(params.sessionId).prompt(params.prompt, signal) })),
    )
    .onNotification("session/cancel", ({ params }) => performed(() => sessions.get(params.sessionId).cancel()));
  return { app, sessions };
}

/** Performs what a request asks for. Throws the error of the protocol for what an operation throws. */
const answering =
  ({ terminal, debug }: Context) =>
  async <Value>(work: () => Promise<Value>): Promise<Value> => {
    try {
      return await work();
    } catch (error) {
      const isUnexpected = !(error instanceof CaxtonError || error instanceof RequestError);
      if (isUnexpected) reportError(error, terminal, { asJson: false, debug });
      throw requestError(error);
    }
  };
