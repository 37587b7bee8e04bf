import { getRouteApi } from "@tanstack/react-router";
import { Check, Undo2 } from "lucide-react";
import { useState } from "react";
import { operations, type ToolServerRecord, type ToolServerVersion } from "../../../../../src/api/contract/index.ts";
import { Button } from "../../../parts/button.tsx";
import { Fact } from "../../../parts/card.tsx";
import { Select } from "../../../parts/forms/field.tsx";
import { bytes, fullTime } from "../../../parts/format/format.ts";
import { text } from "../../../text/text.ts";
import { Difference } from "./difference.tsx";
import { interfaceName, PublisherMark } from "../server-state.tsx";
import { ServeVersion } from "./serve-version.tsx";

const route = getRouteApi("/tools/$server");

type Props = {
  readonly server: ToolServerRecord;
  readonly version: ToolServerVersion;
  readonly versions: readonly ToolServerVersion[];
};

/** One revision: what it is, what is different from another, and a button to let it serve. */
export function VersionDetail({ server, version, versions }: Props) {
  const words = text.tools.versions;
  const { against } = route.useSearch();
  const [asking, setAsking] = useState(false);
  const before = versions.find(({ revision }) => revision < version.revision)?.revision;
  // What waits is measured against what serves: that is what accepting it changes.
  const other = against ?? (version.status === "pending" ? (server.revision ?? before) : before);
  return (
    <section aria-label={words.details} className="min-w-0 space-y-4">
      <div className="flex flex-wrap items-center gap-2">
        <h2 className="font-semibold">{text.agent.revision(version.revision)}</h2>
        <Against version={version} versions={versions} other={other} />
        <div className="flex-1" />
        <ServeButton version={version} onAsk={() => setAsking(true)} />
      </div>
      <Facts version={version} />
      {other === undefined ? (
        <p className="text-sm text-muted">{words.first}</p>
      ) : (
        <Difference server={server.name} from={other} to={version.revision} />
      )}
      {asking ? <ServeVersion server={server} version={version} onClose={() => setAsking(false)} /> : null}
    </section>
  );
}

type ServeProps = { readonly version: ToolServerVersion; readonly onAsk: () => void };

function ServeButton({ version: { status, revision }, onAsk }: ServeProps) {
  const words = text.tools.versions;
  if (status === "serving") return null;
  return status === "pending" ? (
    <Button needs={operations.toolServer.accept} look="primary" onClick={onAsk}>
      <Check aria-hidden />
      {words.accept}
    </Button>
  ) : (
    <Button needs={operations.toolServer.activate} onClick={onAsk}>
      <Undo2 aria-hidden />
      {words.activate(revision)}
    </Button>
  );
}

type AgainstProps = Pick<Props, "version" | "versions"> & { readonly other: number | undefined };

function Against({ version, versions, other }: AgainstProps) {
  const navigate = route.useNavigate();
  const others = versions.filter(({ revision }) => revision !== version.revision);
  if (others.length === 0) return null;
  return (
    <label className="flex flex-wrap items-center gap-2 text-sm whitespace-nowrap text-muted">
      {text.tools.versions.against}
      <Select
        value={other ?? ""}
        onChange={(event) => {
          const against = Number(event.target.value);
          void navigate({
            search: (before) => ({ ...before, revision: version.revision, against }),
            replace: true,
            resetScroll: false,
          });
        }}
        className="w-36!"
      >
        {other === undefined ? <option value="">{text.revisions.nothing}</option> : null}
        {others.map(({ revision }) => (
          <option key={revision} value={revision}>
            {text.agent.revision(revision)}
          </option>
        ))}
      </Select>
    </label>
  );
}

function Facts({ version }: Pick<Props, "version">) {
  const words = text.tools.versions;
  return (
    <dl className="grid grid-cols-2 gap-x-6 gap-y-3 sm:grid-cols-3 2xl:grid-cols-6">
      <Fact name={words.columns.version}>{version.version || "–"}</Fact>
      <Fact name={words.columns.deployed}>{fullTime(version.deployed_at)}</Fact>
      <Fact name={words.columns.publisher}>
        <PublisherMark publisher={version.publisher} />
      </Fact>
      <Fact name={text.tools.columns.kind}>{interfaceName(version.interface)}</Fact>
      <Fact name={words.size}>{version.module_bytes === 0 ? "–" : bytes(version.module_bytes)}</Fact>
      <Fact name={words.tools}>{version.tools}</Fact>
      <div className="col-span-full min-w-0">
        <dt className="text-xs text-muted">{version.publisher.state === "remote" ? words.toolList : words.module}</dt>
        <dd className="font-mono text-xs [overflow-wrap:anywhere]">{version.module_hash}</dd>
      </div>
    </dl>
  );
}
