import { setFlagsFromString } from "node:v8";

/**
 * For processes in which nearly all that is made is over soon: messages, requests, events of runs. V8 learns where objects come
 * from that outlive a collection, and makes later ones of those places among the old: after one rush each of them, and all that
 * it refers to, stays until the whole heap is collected. From this call on nothing is made among the old. Of the process, threads
 * included; call it before there is much to do.
 */
export function tuneGarbageCollector(): void {
  setFlagsFromString("--no-allocation-site-pretenuring");
}
