import type { Clock } from "../../../kernel/clock.ts";
import type { Forgotten } from "../../knowledge/index.ts";
import { type Archive, CHANGE, ENTITY, inFilters, RELATION } from "./archive.ts";
import { type Document, DOCUMENT_FIELDS, type StoredDocument, toStored } from "./documents.ts";
import { changePayload, type Logged } from "./facts.ts";
import { QDRANT_LIMITS } from "./limits.ts";
import { hasId, inRequests, oneOf, type Operation, type Payload, type Place, written } from "./place.ts";

/**
 * A change of several requests first writes an intent to the point, from which it is completed by this process, another
 * server, or the next start. Each step is idempotent.
 */
export class WriteIntentRecovery {
  readonly #place: Place;
  readonly #archive: Archive;
  readonly #clock: Clock;

  constructor(deps: { readonly place: Place; readonly archive: Archive; readonly clock: Clock }) {
    this.#place = deps.place;
    this.#archive = deps.archive;
    this.#clock = deps.clock;
  }

  /** Says in a point what is being done to it, if it still is as it was read; it has the mark's token then. */
  async mark({ point, token }: StoredDocument, payload: Payload): Promise<void> {
    await this.#place.change([
      { set_payload: { payload: { ...payload }, filter: { must: [hasId([point]), oneOf("token", [token])] } } },
    ]);
  }

  /** Brings changes from their documents to the log. */
  async log(documents: readonly Document[]): Promise<void> {
    const logs = documents.flatMap(({ unlogged }) => unlogged);
    if (logs.length === 0) return;
    const tokens = documents.map(({ token }) => token);
    const pieces = [...inRequests(logs.map(pointOfChange))];
    const last = pieces.pop() ?? [];
    for (const piece of pieces) await this.#place.put(piece);
    // A process that changed the document since then has completed this intent, and removes it itself.
    await this.#place.change([
      { upsert: { points: last.map(written) } },
      { delete_payload: { keys: ["unlogged", "todo"], filter: { must: [oneOf("token", tokens)] } } },
    ]);
  }

  /** Completes or rolls back the write intent of a point. A recent intent is skipped, because its process may still be running. */
  async point(filed: StoredDocument): Promise<void> {
    if (filed.forgetting) await this.forget([filed]);
    else if (filed.moving && this.#clock.nowMs() - filed.moving.at_ms > QDRANT_LIMITS.abandonedMs)
      await this.settleMove(filed);
    else if (!filed.moving) await this.log([filed]);
  }

  /** The old point goes when the new one is there; otherwise it stays, as it was. */
  async settleMove({ point, head, token, moving, unlogged }: StoredDocument): Promise<void> {
    if (!moving?.to) return;
    const there = (await this.#archive.at([moving.to], false)).get(moving.to);
    const mine = { must: [hasId([point]), oneOf("token", [token])] };
    if (there?.head.id === head.id && there.head.version > head.version) {
      await this.#place.change([{ delete: { filter: mine } }]);
      await this.log([there]);
      return;
    }
    if (unlogged.length > 0) await this.#place.put(unlogged.map(pointOfChange));
    await this.#place.change([{ delete_payload: { keys: ["moving", "todo", "unlogged"], filter: mine } }]);
  }

  /** Removes entities that are marked: their log and relations first, so that what is cut off is found again by them. */
  async forget(filed: readonly StoredDocument[]): Promise<void> {
    const logs = new Map(
      filed.flatMap(({ forgetting }) => (forgetting?.log ? [[forgetting.log.point, forgetting.log]] : [])),
    );
    for (const some of inFilters(filed)) {
      const ids = some.map(({ head }) => head.id);
      await this.#place.change([
        { delete: { filter: { must: [CHANGE, oneOf("entity", ids)], must_not: [hasId([...logs.keys()])] } } },
        { delete: { filter: { must: [RELATION], should: [oneOf("from", ids), oneOf("to", ids)] } } },
        ...upserts([...logs.values()]),
        { delete: { points: some.map(({ point }) => point) } },
      ]);
    }
  }

  /** All that is begun and not finished. How much there was. */
  async all(): Promise<number> {
    let count = 0;
    const filter = { must: [ENTITY, oneOf("todo", ["log", "move", "forget"])] };
    for await (const page of this.#place.scroll(filter, { fields: DOCUMENT_FIELDS })) {
      for (const found of page) await this.point(toStored(found));
      count += page.length;
    }
    return count;
  }
}

const pointOfChange = (logged: Logged) => ({ id: logged.point, payload: changePayload(logged), vector: {} });

const upserts = (logs: readonly Logged[]): readonly Operation[] =>
  logs.length === 0 ? [] : [{ upsert: { points: logs.map(pointOfChange).map(written) } }];

export const NOTHING: Forgotten = { entities: 0, observations: 0, relations: 0 };
