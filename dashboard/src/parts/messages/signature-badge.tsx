import { useQuery } from "@tanstack/react-query";
import { ShieldAlert, ShieldCheck, ShieldOff, ShieldX } from "lucide-react";
import { use } from "react";
import type { MessageRecord } from "../../../../src/api/contract/index.ts";
import { workspacesQuery } from "../../api/access.ts";
import { text } from "../../text/text.ts";
import { cx } from "../class-names.ts";
import { IdentityContext } from "../permission.ts";

const words = text.messages.signature;
const KEY_CHARS = 8;
const LOOKS = {
  verified: { icon: ShieldCheck, look: "bg-good-soft text-good" },
  invalid: { icon: ShieldX, look: "bg-bad-soft text-bad" },
  missing: { icon: ShieldAlert, look: "bg-warn-soft text-warn" },
  unsigned: { icon: ShieldOff, look: "bg-idle-soft text-idle" },
} as const;

type Props = {
  readonly message: MessageRecord;
  /** Whether the signature is valid now, for pages that show the key; undefined: it was when the message was accepted. */
  readonly isValid?: boolean | undefined;
  readonly className?: string;
};

/** Whether a message is signed, with which key, and whether its workspace requires that. */
export function SignatureBadge({ message, isValid, className }: Props) {
  const isRequired = useIsRequired();
  const keyId = keyOf(message);
  const unsigned = isRequired ? "missing" : "unsigned";
  const state = keyId === undefined ? unsigned : isValid === false ? "invalid" : "verified";
  const { icon: Icon, look } = LOOKS[state];
  const note = state === "verified" && isValid === undefined ? words.accepted : words.notes[state];
  return (
    <span
      title={keyId === undefined ? note : `${note}. ${words.key(keyId)}`}
      className={cx(
        "inline-flex max-w-full items-center gap-1 rounded-full px-2 py-0.5 text-xs leading-4 font-medium whitespace-nowrap [&_svg]:size-3.5 [&_svg]:shrink-0",
        look,
        className,
      )}
    >
      <Icon aria-hidden />
      {words.states[state]}
      {keyId === undefined || isValid !== undefined ? null : (
        <span className="truncate font-mono font-normal">{keyId.slice(0, KEY_CHARS)}</span>
      )}
    </span>
  );
}

/** The id of the key that signed a message. */
const keyOf = ({ message }: MessageRecord): string | undefined =>
  typeof message["key_id"] === "string" ? message["key_id"] : undefined;

function useIsRequired(): boolean {
  const identity = use(IdentityContext);
  const { data = [] } = useQuery({ ...workspacesQuery, enabled: identity !== undefined });
  return data.find(({ name }) => name === identity?.workspace)?.signatures === "required";
}
