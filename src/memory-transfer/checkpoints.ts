import type { Json } from "../kernel/json.ts";

/**
 * Where work that takes long notes how far it is.
 * C1. What is read is what was written last, or undefined; never half of it.
 */
export interface Checkpoints {
  /** Undefined also for what cannot be read any more: then the work begins anew. */
  read(name: string): Promise<Json | undefined>;
  write(name: string, value: object): Promise<void>;
  remove(name: string): Promise<void>;
}
