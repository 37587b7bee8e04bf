import { type TaskId } from "../../kernel/ids.ts";
import { type Json } from "../../kernel/json.ts";
import type { RunCaller } from "../../kernel/rights/run-caller.ts";
import { findProtocol } from "../protocols/index.ts";
import { rounded } from "./auction.ts";
import { TaskInvalidError } from "./errors.ts";
import { type TasksOptions } from "./options.ts";
import { PROTOCOL_NAMES } from "./parts.ts";
import { type Auction, type Evaluation, type Task, TASK_PROTOCOLS, type TaskProtocol } from "./task.ts";

/** Prices of an auction. Default of `reserve`: the start of an English one, 0 of the others. Sealed bids have no start and step. */
export type AuctionRequest = {
  readonly start?: number | undefined;
  readonly step?: number | undefined;
  readonly reserve?: number | undefined;
  readonly deliver?: boolean | undefined;
  readonly secondPrice?: boolean | undefined;
};

/** What is asked for; what is left out has its usual value. Times in milliseconds. */
export type TaskRequest = {
  readonly workspace: string;
  readonly owner: string;
  readonly onBehalfOf?: RunCaller | undefined;
  readonly name: string;
  readonly description?: string | undefined;
  readonly data?: Json | undefined;
  readonly parent?: TaskId | undefined;
  /** One of `TASK_PROTOCOLS`, in any spelling that messages know. */
  readonly protocol?: string | undefined;
  readonly participants?: readonly string[] | undefined;
  readonly capabilities?: readonly string[] | undefined;
  readonly minPerformanceScore?: number | undefined;
  readonly auction?: AuctionRequest | undefined;
  readonly evaluation?: Evaluation | undefined;
  readonly bidsMs?: number | undefined;
  readonly workMs?: number | undefined;
  readonly rounds?: number | undefined;
  readonly reawardsMax?: number | undefined;
  readonly hops?: number | undefined;
};

/** The task of a request. Throws TaskInvalidError. */
export function newTask(
  request: TaskRequest,
  { id, nowMs, options }: { readonly id: TaskId; readonly nowMs: number; readonly options: TasksOptions },
): Task {
  const { participants = [], capabilities = [], rounds: asked } = request;
  const isIterated = asked !== undefined && asked > 1;
  const protocol = protocolOf(request.protocol ?? (isIterated ? "iterated-contract-net" : "contract-net"));
  const rounds = asked ?? (protocol === "iterated-contract-net" ? 2 : 1);
  if (participants.length === 0 && capabilities.length === 0) {
    throw invalid("the task has no candidates", "Name participants, or capabilities that the provider must have.");
  }
  if (participants.length > options.participantsMax) {
    throw invalid(
      `${participants.length} participants are too many`,
      `At most ${options.participantsMax}: tasks.participants_max.`,
    );
  }
  if (rounds > 1 && protocol !== "iterated-contract-net") {
    throw invalid(`a ${protocol} has one round`, 'Rounds need "protocol": "iterated-contract-net".');
  }
  return {
    id,
    workspace: request.workspace,
    name: request.name,
    description: request.description ?? "",
    data: request.data,
    owner: request.owner,
    onBehalfOf: request.onBehalfOf,
    parent: request.parent,
    protocol,
    participants,
    capabilities,
    minPerformanceScore: request.minPerformanceScore,
    auction: auctionOf(protocol, request.auction, options.auctionCallsMax),
    evaluation: protocol === "auction-sealed" ? HIGHEST_PRICE : (request.evaluation ?? { type: "best_bid" }),
    bidsMs: request.bidsMs ?? options.bidsMs,
    workMs: request.workMs ?? options.workMs,
    rounds,
    reawardsMax: request.reawardsMax ?? options.reawards,
    hops: request.hops ?? 0,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    version: 1,
    state: "created",
    round: 0,
    bidders: [],
    assignedTo: undefined,
    awards: 0,
    judged: 0,
    dueAtMs: undefined,
    failure: undefined,
    outbox: [],
  };
}

function protocolOf(name: string): TaskProtocol {
  const exact = TASK_PROTOCOLS.find((each) => each === name);
  if (exact !== undefined) return exact;
  // Sealed bids are made in a contract net.
  if (/sealed/iu.test(name)) return "auction-sealed";
  const named = findProtocol(name);
  const meant = named.type === "known" ? named.protocol.name : named.type === "unknown" ? named.meant : undefined;
  const protocol = TASK_PROTOCOLS.find((each) => PROTOCOL_NAMES[each] === meant);
  if (protocol !== undefined && named.type === "known") return protocol;
  throw invalid(`no protocol of tasks is called ${name}`, `Use ${protocol ?? TASK_PROTOCOLS.join(", ")}.`);
}

const HIGHEST_PRICE: Evaluation = { type: "expression", expression: "bid.price", order: "max" };

function auctionOf(protocol: TaskProtocol, asked: AuctionRequest | undefined, callsMax: number): Auction | undefined {
  if (protocol === "auction-sealed") return sealedOf(asked ?? {});
  const isDutch = protocol === "auction-dutch";
  if (protocol !== "auction-english" && !isDutch) {
    if (asked === undefined) return undefined;
    throw invalid(
      `a ${protocol} has no prices`,
      'Auctions have "protocol": "auction-english", "auction-dutch" or "auction-sealed".',
    );
  }
  const { start, step, reserve = isDutch ? 0 : start, deliver = false, secondPrice = false } = asked ?? {};
  if (start === undefined || step === undefined || reserve === undefined)
    throw invalid(`an ${protocol} needs prices`, "Say where it starts and by how much it steps.");
  const calls = isDutch ? Math.floor((start - reserve) / step) + 1 : Math.ceil((reserve - start) / step) + 1;
  const isChange = step > 0 && [start, reserve].every((price) => rounded(price + step) !== rounded(price));
  if (!isChange) {
    throw invalid(`a step of ${step} leads nowhere`, "A step is more than 0, and changes a price of 12 digits.");
  }
  if (isDutch && reserve > start) {
    throw invalid(`the price falls from ${start} and never comes to ${reserve}`, "The reserve is at most the start.");
  }
  if (isDutch && deliver) {
    throw invalid("who wins a Dutch auction is asked for nothing more", "deliver is for English auctions.");
  }
  if (secondPrice) throw invalid("its bids are not sealed", "The second price is for sealed auctions.");
  if (calls > callsMax) {
    throw invalid(
      `from ${start} to ${reserve} it takes ${calls} calls`,
      `At most ${callsMax}: take larger steps, or raise tasks.auction_calls_max.`,
    );
  }
  return { ...UNSOLD, start, step, reserve, deliver, callsMax };
}

const UNSOLD = { calls: [], leader: undefined, price: undefined, secondPrice: false, isAwarding: false } as const;

/** A sealed auction; its winner is always asked to deliver, or to confirm. */
function sealedOf({ start, step, reserve = 0, deliver = true, secondPrice = false }: AuctionRequest): Auction {
  if (!deliver)
    throw invalid("the winner of a sealed auction is always asked to deliver, or to confirm", "Leave deliver out.");
  if (start !== undefined || step !== undefined)
    throw invalid(
      "sealed bids are made once, and no price is called",
      "Leave start and step out; reserve is the least price.",
    );
  return { ...UNSOLD, start: reserve, step: 0, reserve, deliver: true, callsMax: 1, secondPrice };
}

const invalid = (problem: string, hint: string) =>
  new TaskInvalidError(`the task is not possible: ${problem}`, hint, { problem });
