import type { Address } from "../../messaging/acl/index.ts";

export type Addressed = {
  readonly to?: string | readonly string[] | undefined;
  readonly capability?: string | undefined;
  readonly topic?: string | undefined;
  readonly broadcast?: boolean | undefined;
};

/** The address, or the reason why there is no valid one. */
export function addressOf({ to, capability, topic, broadcast }: Addressed): Address | string {
  const given: readonly (Address | undefined)[] = [
    to === undefined ? undefined : { type: "receivers", names: [...new Set(typeof to === "string" ? [to] : to)] },
    capability === undefined
      ? undefined
      : { type: "capability", capability, version: undefined, fallbackVersions: [], strategy: undefined },
    topic === undefined ? undefined : { type: "topic", topic },
    broadcast === true ? { type: "broadcast" } : undefined,
  ];
  const [address, ...others] = given.filter((each) => each !== undefined);
  if (address !== undefined && others.length === 0) return address;
  return address === undefined
    ? "say whom it is for: to, capability, topic or broadcast."
    : "say whom it is for in one way only: to, capability, topic or broadcast.";
}

export function formatAddress(address: Address): string {
  switch (address.type) {
    case "receivers":
      return address.names.join(", ");
    case "capability":
      return `capability:${address.capability}`;
    case "topic":
      return `topic:${address.topic}`;
    case "broadcast":
      return "all participants";
  }
}
