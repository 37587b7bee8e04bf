import {
  Brain,
  Clock,
  Database,
  Dices,
  File,
  Globe,
  KeyRound,
  Send,
  ShieldCheck,
  Variable,
  type LucideIcon,
} from "lucide-react";
import type { GrantUse, ToolServerRecord } from "../../../../../src/api/contract/index.ts";
import { cx } from "../../../parts/class-names.ts";
import { text } from "../../../text/text.ts";

type Grants = ToolServerRecord["grants"];
type Kind = GrantUse["kind"];
type Grant = { readonly kind: Kind; readonly what: string; readonly note: string };

export const KIND_ICONS: { readonly [Each in Kind]: LucideIcon } = {
  file: File,
  http: Globe,
  message: Send,
  memory: Brain,
  state: Database,
  secret: KeyRound,
  environment: Variable,
  clock: Clock,
  random: Dices,
};

/** Grants one by one, in the order of their kinds. */
function listed(grants: Grants): readonly Grant[] {
  const words = text.tools.grants;
  return [
    ...grants.files.map(({ path, access }) => ({ kind: "file" as const, what: path, note: words.access[access] })),
    ...grants.http.map(({ url, methods, private: isPrivate }) => ({
      kind: "http" as const,
      what: url,
      note: [
        methods.includes("*") ? words.anyMethod : methods.join(", "),
        ...(isPrivate ? [words.privateToo] : []),
      ].join(", "),
    })),
    ...grants.secrets.map(({ name, as, for: places }) => ({
      kind: "secret" as const,
      what: name,
      note: [words.secretAs[as], ...(places.length === 0 ? [] : [words.secretFor(places.join(", "))])].join(", "),
    })),
    ...grants.messages.map((grant) => ({
      kind: "message" as const,
      what: [
        ...grant.receivers,
        ...grant.capabilities.map((capability) => `capability:${capability}`),
        ...grant.topics.map((topic) => `topic:${topic}`),
        ...(grant.broadcast ? [words.allAgents] : []),
      ].join(", "),
      note: [
        grant.performatives.includes("*") ? words.anyAct : grant.performatives.join(", "),
        words.perMinute(grant.per_minute),
      ].join(", "),
    })),
    ...grants.memory.map((grant) => ({
      kind: "memory" as const,
      what: grant.scopes.join(", "),
      note: words.searches(grant.hits_max, grant.per_minute),
    })),
    ...(grants.state ? [{ kind: "state" as const, what: "", note: words.stateNote }] : []),
    ...(grants.clock ? [{ kind: "clock" as const, what: "", note: words.clockNote }] : []),
    ...(grants.random ? [{ kind: "random" as const, what: "", note: words.randomNote }] : []),
    ...grants.environment.map((name) => ({ kind: "environment" as const, what: name, note: "" })),
  ];
}

const keyOf = ({ kind, what, note }: Grant): string => `${kind} ${what} ${note}`;

/** What holds, and beside it where the operator's configuration differs from what the manifest asks for. */
export function GrantList({ server }: { readonly server: ToolServerRecord }) {
  const words = text.tools.grants;
  // A remote server has no grants: a text describes its permissions.
  if (!server.sandboxed) {
    return (
      <ul className="space-y-1 text-sm">
        {server.grant_list.map((grant) => (
          <li key={grant} className="[overflow-wrap:anywhere] text-warn">
            {grant}
          </li>
        ))}
      </ul>
    );
  }
  const held = listed(server.grants);
  const wanted = listed(server.requested_grants);
  const refused = wanted.filter((grant) => !held.some((other) => keyOf(other) === keyOf(grant)));
  if (held.length + refused.length === 0) {
    return (
      <p className="flex gap-2 text-sm text-muted">
        <ShieldCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-good" />
        {words.none}
      </p>
    );
  }
  const isAdded = (grant: Grant) => !wanted.some((other) => keyOf(other) === keyOf(grant));
  return (
    <>
      <ul className="space-y-2">
        {held.map((grant) => (
          <GrantLine key={keyOf(grant)} grant={grant} mark={isAdded(grant) ? words.added : undefined} />
        ))}
        {refused.map((grant) => (
          <GrantLine key={`refused ${keyOf(grant)}`} grant={grant} mark={words.notGranted} refused />
        ))}
      </ul>
      {refused.length > 0 || held.some(isAdded) ? (
        <p className="mt-3 border-t border-line pt-3 text-xs text-muted">{words.differs}</p>
      ) : null}
    </>
  );
}

type LineProps = { readonly grant: Grant; readonly mark: string | undefined; readonly refused?: boolean };

function GrantLine({ grant: { kind, what, note }, mark, refused = false }: LineProps) {
  const Icon = KIND_ICONS[kind];
  return (
    <li className="flex items-start gap-2.5 text-sm">
      <Icon aria-hidden className="mt-0.5 size-4 shrink-0 text-faint" />
      <span className="w-24 shrink-0 text-muted">{text.tools.grants.kinds[kind]}</span>
      <span className="min-w-0 flex-1">
        {what === "" ? null : (
          <code className={cx("font-mono text-xs [overflow-wrap:anywhere]", refused && "text-muted line-through")}>
            {what}
          </code>
        )}
        <span className={cx("text-xs text-muted", what !== "" && note !== "" && "ml-2")}>{note}</span>
        {mark === undefined ? null : (
          <span className={cx("ml-2 text-xs", refused ? "text-warn" : "text-busy")}>{mark}</span>
        )}
      </span>
    </li>
  );
}
