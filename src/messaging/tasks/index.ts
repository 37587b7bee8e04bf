/** Work that is offered to several agents and awarded to one: the server is the initiator of the contract net. */
export { costIn, secondsIn } from "./bids.ts";
export { TaskNotFoundError } from "./errors.ts";
export { type Reputation } from "./history.ts";
export { TASK_DEFAULTS, type TasksOptions } from "./options.ts";
export { TASKS_PARTICIPANT } from "./outbox-message.ts";
export { type TaskRequest } from "./request.ts";
export { type Auction, type Bidder, type Evaluation, isFinished, Task, TASK_FAILURES } from "./task.ts";
export { type TaskStore } from "./task-store.ts";
export { Tasks, type TasksDeps } from "./tasks.ts";
