import type {
  ListTaskPushNotificationConfigsRequest,
  ListTaskPushNotificationConfigsResponse,
  TaskPushNotificationConfig,
} from "@a2a-js/sdk";
import { RequestMalformedError } from "@a2a-js/sdk/errors";
import { CaxtonError } from "../../../kernel/errors.ts";
import { type Notification, operations } from "../../contract/index.ts";
import { type Caller, checkInput } from "../../operations/index.ts";
import { noTask } from "../errors.ts";
import { LEGACY_VERSION, type Version } from "../versions.ts";

export type PushOptions = {
  readonly caller: Caller;
  readonly base: string;
  readonly version: Version | undefined;
  /** Throws WebhookInvalidError for a URL that is not notified. */
  readonly checkUrl: (url: string) => void;
};

/** The configurations of push notifications of tasks, as notifications of runs. */
export class PushConfigs {
  readonly #options: PushOptions;

  constructor(options: PushOptions) {
    this.#options = options;
  }

  /** Throws RequestInvalidError, WebhookInvalidError for what `set` would refuse, before a message has an effect. */
  check(config: TaskPushNotificationConfig): void {
    checkInput(operations.notification.set.params, { id: "", name: nameOf(config, "task") });
    this.#options.checkUrl(checkInput(operations.notification.set.body, this.#bodyOf(config)).url);
  }

  async set(task: string, config: TaskPushNotificationConfig): Promise<TaskPushNotificationConfig> {
    const given = { id: task, name: nameOf(config, task), ...this.#bodyOf(config) };
    return configOf(await this.#options.caller.perform(operations.notification.set, given), config.tenant);
  }

  /** Throws TaskNotFoundError. */
  async get(task: string, id: string, tenant: string): Promise<TaskPushNotificationConfig> {
    const found = (await this.#all(task)).find(({ name }) => name === (id === "" ? task : id));
    if (found === undefined) throw noTask(`the task ${task} has no configuration ${id} of push notifications`);
    return configOf(found, tenant);
  }

  /** Throws RequestMalformedError. */
  async list(request: ListTaskPushNotificationConfigsRequest): Promise<ListTaskPushNotificationConfigsResponse> {
    const { taskId, tenant, pageSize, pageToken } = request;
    const all = await this.#all(taskId);
    const first = pageToken === "" ? 0 : all.findIndex(({ name }) => name === pageToken);
    if (first === -1) throw new RequestMalformedError("pageToken: it belongs to no page of this list");
    const next = pageSize > 0 ? all[first + pageSize] : undefined;
    const page = all.slice(first, next && first + pageSize);
    return { configs: page.map((each) => configOf(each, tenant)), nextPageToken: next?.name ?? "" };
  }

  /** Deleting one that is not there has no effect. */
  async delete(task: string, id: string): Promise<void> {
    try {
      await this.#options.caller.perform(operations.notification.delete, { id: task, name: id === "" ? task : id });
    } catch (error) {
      if (!(error instanceof CaxtonError) || error.code !== "NOTIFICATION_NOT_FOUND") throw error;
    }
  }

  async #all(task: string): Promise<readonly Notification[]> {
    return (await this.#options.caller.perform(operations.notification.list, { id: task })).items;
  }

  #bodyOf({ url, token, authentication }: TaskPushNotificationConfig) {
    const { base, version } = this.#options;
    return {
      url,
      base_url: base,
      format: version === LEGACY_VERSION ? "a2a-0.3" : "a2a-1.0",
      ...(token !== "" && { token }),
      ...(authentication && authentication.credentials !== "" && { authentication }),
    } as const;
  }
}

/** A client that names no configuration has one for each task. */
const nameOf = ({ id }: TaskPushNotificationConfig, task: string): string => (id === "" ? task : id);

/** The credentials are not sent back. */
const configOf = ({ run, name, url, token, scheme }: Notification, tenant: string): TaskPushNotificationConfig => ({
  tenant,
  id: name,
  taskId: run,
  url,
  token: token ?? "",
  authentication: scheme === null ? undefined : { scheme, credentials: "" },
});
