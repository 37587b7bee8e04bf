export const WAYS = ["name", "capability", "topic", "broadcast"] as const;

/** A message while it is written. */
export type Draft = {
  readonly way: (typeof WAYS)[number];
  readonly to: string;
  readonly act: string;
  readonly protocol: string;
  readonly from: string;
  /** Token of the sender, if it is a program; discarded with the form. */
  readonly token: string;
  readonly conversation: string;
  /** The conversation that a new one branches off from; empty where it stands alone. */
  readonly parent: string;
  readonly content: string;
};

export const EMPTY_DRAFT: Draft = {
  way: "name",
  to: "",
  act: "request",
  protocol: "",
  from: "user",
  token: "",
  conversation: "",
  parent: "",
  content: "",
};

type Sent = { readonly [key: string]: unknown };

/** Returns the message as it is sent to the server. */
export function messageOf({ way, to, act, protocol, from, conversation, parent, content }: Draft): Sent {
  return {
    performative: act,
    ...addressOf(way, to.trim()),
    ...(from.trim() === "" ? {} : { sender: from.trim() }),
    ...(protocol === "" ? {} : { protocol }),
    ...(conversation.trim() === "" ? {} : { conversation_id: conversation.trim() }),
    ...(parent === "" ? {} : { parent_conversation: parent }),
    content: contentOf(content),
  };
}

function addressOf(way: Draft["way"], to: string): Sent {
  if (way === "capability") return { capability: to };
  if (way === "topic") return { topic: to };
  if (way === "broadcast") return { broadcast: true };
  const names = to.split(",").map((name) => name.trim());
  return { receiver: names.filter((name) => name !== "") };
}

/** Objects and lists are sent as JSON; all else, numbers too, is the text that was written. */
function contentOf(content: string): unknown {
  if (!/^\s*[[{]/.test(content)) return content;
  try {
    return JSON.parse(content);
  } catch {
    return content;
  }
}
