import { type TaskId } from "../kernel/ids.ts";
import { type Json } from "../kernel/json.ts";
import { TaskInvalidError } from "./errors.ts";
import { type Auction, type Evaluation, type Task, type TaskProtocol } from "./task.ts";
import { type TasksOptions } from "./options.ts";

/** Prices of an auction; an English one without a reserve sells to any bid, a Dutch one goes down to 0. */
export type AuctionRequest = Pick<Auction, "start" | "step"> & {
  readonly reserve?: number | undefined;
  readonly deliver?: boolean | undefined;
};

/** What is asked for; what is left out has its usual value. Times in milliseconds. */
export type TaskRequest = {
  readonly workspace: string;
  readonly owner: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly data?: Json | undefined;
  readonly parent?: TaskId | undefined;
  readonly protocol?: TaskProtocol | undefined;
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
  const { participants = [], capabilities = [], protocol: given, rounds: asked } = request;
  const protocol = given ?? (asked !== undefined && asked > 1 ? "iterated-contract-net" : "contract-net");
  const rounds = asked ?? (protocol === "iterated-contract-net" ? 2 : 1);
  if (participants.length === 0 && capabilities.length === 0) {
    throw invalid("nobody is asked", "Name participants, or capabilities that whoever does it must have.");
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
    parent: request.parent,
    protocol,
    participants,
    capabilities,
    minPerformanceScore: request.minPerformanceScore,
    auction: auctionOf(protocol, request.auction, options.auctionCallsMax),
    evaluation: request.evaluation ?? { type: "best_bid" },
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

function auctionOf(protocol: TaskProtocol, asked: AuctionRequest | undefined, callsMax: number): Auction | undefined {
  const isDutch = protocol === "auction-dutch";
  if (protocol !== "auction-english" && !isDutch) {
    if (asked === undefined) return undefined;
    throw invalid(`a ${protocol} has no prices`, 'Auctions have "protocol": "auction-english" or "auction-dutch".');
  }
  if (asked === undefined)
    throw invalid(`an ${protocol} needs prices`, "Say where it starts and by how much it steps.");
  const { start, step, reserve = isDutch ? 0 : start, deliver = false } = asked;
  const calls = isDutch ? Math.floor((start - reserve) / step) + 1 : Math.ceil((reserve - start) / step) + 1;
  if (!(step > 0)) throw invalid(`a step of ${step} leads nowhere`, "A step is more than 0 in either auction.");
  if (isDutch && reserve > start) {
    throw invalid(`the price falls from ${start} and never comes to ${reserve}`, "The reserve is at most the start.");
  }
  if (isDutch && deliver) {
    throw invalid("who wins a Dutch auction is asked for nothing more", "deliver is for English auctions.");
  }
  if (calls > callsMax) {
    throw invalid(
      `from ${start} to ${reserve} it takes ${calls} calls`,
      `At most ${callsMax}: take larger steps, or raise tasks.auction_calls_max.`,
    );
  }
  return { start, step, reserve, deliver, callsMax, calls: [], leader: undefined, price: undefined };
}

const invalid = (problem: string, hint: string) =>
  new TaskInvalidError(`the task is not possible: ${problem}`, hint, { problem });
