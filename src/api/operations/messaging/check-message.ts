import type { Message, MessageError } from "../../../messaging/acl/index.ts";
import { expectedNow, findProtocol } from "../../../messaging/protocols/index.ts";
import type * as contract from "../../contract/index.ts";
import { operations } from "../../contract/index.ts";
import { implement } from "../perform.ts";
import { wireObject } from "./present-message.ts";
import { readSent, refusalOf } from "./send-message.ts";

/** Checks a message without sending it: its problems or its wire format, its recipients, and whether its protocol allows it. */
export const validateMessage = implement(operations.message.validate, async (services, input, { principal }) => {
  const one = readSent(services, input.message, { workspace: principal.workspace });
  if (one.type === "refused") {
    const problems = problemsOf(refusalOf(one.receipt));
    return { valid: false, problems, canonical: null, recipients: [], nearest: null, conversation: null };
  }
  const { message } = one;
  const { router } = services.messaging;
  const whereTo = await router.resolveRecipients(message);
  const recipients = whereTo.type === "found" ? [...whereTo.names] : [];
  await router.records.recall(message);
  const { error, now } = router.records.judge(message, recipients);
  // Who cannot be reached takes no part: what the protocol says of such a message is beside the point.
  const wrong = whereTo.type === "found" ? error : whereTo.error;
  return {
    valid: wrong === undefined,
    problems: wrong === undefined ? [] : problemsOf(wrong),
    canonical: wireObject(message),
    recipients,
    nearest: (whereTo.type === "found" ? whereTo.nearest : undefined) ?? null,
    conversation: standingOf(message, now, error === undefined),
  };
});

type Standing = contract.MessageCheck["conversation"];

function standingOf(message: Message, now: Parameters<typeof expectedNow>[0] | undefined, allowed: boolean): Standing {
  const name = now === undefined ? message.protocol : now.protocol;
  const found = name === undefined ? undefined : findProtocol(name);
  if (found?.type !== "known") return null;
  const { protocol } = found;
  const expected = now === undefined ? [{ who: message.sender, acts: protocol.opening }] : expectedNow(now);
  return {
    id: message.conversationId,
    protocol: protocol.name,
    state: now?.status.state ?? null,
    allowed,
    expected: expected.map(({ who, acts }) => ({ who, acts: [...acts] })),
  };
}

function problemsOf({ code, message, hint, details }: MessageError): contract.MessageCheck["problems"] {
  const { problems } = details;
  const listed = Array.isArray(problems) ? problems : [];
  const known = listed.flatMap((each) => {
    const {
      code: own,
      path,
      message: says,
      fix,
    } = typeof each === "object" && each !== null && !Array.isArray(each) ? each : {};
    return typeof own === "string" && typeof path === "string" && typeof says === "string" && typeof fix === "string"
      ? [{ code: own, path, message: says, fix }]
      : [];
  });
  return known.length > 0 ? known : [{ code, path: "", message, fix: hint }];
}
