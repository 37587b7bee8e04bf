import { Link } from "@tanstack/react-router";
import type { RunDetail } from "../../../../src/api/contract/index.ts";
import { hasEnded } from "../../api/live/live.ts";
import type { Drafts } from "../../api/live/run-live.ts";
import { Card } from "../../parts/card.tsx";
import { CopyButton } from "../../parts/content/copy.tsx";
import { JsonView } from "../../parts/content/json-view.tsx";
import { Markdown } from "../../parts/content/markdown.tsx";
import { jsonIn } from "../../parts/messages/plain-words.ts";
import { text } from "../../text/text.ts";
import { Failure } from "./failure.tsx";
import { Fold } from "./fold.tsx";
import { Replies, StartedBy } from "./replies.tsx";
import { SentFiles } from "./sent-files.tsx";
import { Tree } from "./tree.tsx";
import { MadeFiles } from "./created-files.tsx";

type Props = { readonly run: RunDetail; readonly drafts: Drafts };

/** The whole run: request and answer. */
export function Overview({ run, drafts }: Props) {
  const lastTurn = run.step_list.at(-1)?.turn ?? 0;
  const answer = run.output === "" ? (drafts[lastTurn] ?? "") : run.output;
  return (
    <div className="space-y-4">
      <Card title={text.run.answer} actions={answer === "" ? undefined : <CopyButton value={answer} />}>
        <div className="space-y-4">
          <Failure run={run} />
          <Answer run={run} answer={answer} />
          <MadeFiles files={run.artifacts} />
        </div>
      </Card>
      <Tree run={run} />
      <Replies run={run} />
      <Card title={text.run.request} actions={<CopyButton value={run.input} />}>
        <Input run={run} />
        <SentFiles run={run.id} files={run.files} />
        <StartedBy run={run} />
      </Card>
      <Recalled run={run} />
      <Card title={text.run.prompts} flush>
        <Fold title={text.run.systemPrompt} content={run.system_prompt} />
        <Fold title={text.run.prompt} content={run.prompt} />
      </Card>
    </div>
  );
}

/** What was asked: JSON, as that of a task, as a tree. */
export function Input({ run: { input } }: { readonly run: RunDetail }) {
  const value = jsonIn(input);
  return (
    <div className="max-h-80 overflow-y-auto whitespace-pre-wrap [overflow-wrap:anywhere]" tabIndex={0}>
      {value === undefined ? input : <JsonView value={value} />}
    </div>
  );
}

/** Recalled memory as of the start of the run; memory may have changed since. */
function Recalled({ run: { recalled, input } }: { readonly run: RunDetail }) {
  if (recalled === "") return null;
  return (
    <Card
      title={text.run.recalled}
      actions={
        <Link
          to="/memory"
          search={{ q: input.slice(0, QUESTION_CHARS) }}
          className="px-2 text-xs text-accent hover:underline"
        >
          {text.run.recalledSearch}
        </Link>
      }
    >
      <p className="mb-2 text-xs text-muted">{text.run.recalledNote}</p>
      <ul className="max-h-80 space-y-1 overflow-y-auto text-sm" tabIndex={0} aria-label={text.run.recalled}>
        {recalled.split("\n").map((line, at) => (
          <li key={at} dir="auto" className="[overflow-wrap:anywhere]">
            {line.replace(/^- /u, "")}
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** As much of a request as an address can have. */
const QUESTION_CHARS = 500;

function Answer({ run, answer }: { readonly run: RunDetail; readonly answer: string }) {
  if (run.output_json !== null) return <JsonView value={run.output_json} open={4} />;
  const value = jsonIn(answer);
  if (value !== undefined) return <JsonView value={value} open={4} />;
  return answer === "" ? <NoAnswer run={run} /> : <Markdown>{answer}</Markdown>;
}

function NoAnswer({ run }: { readonly run: RunDetail }) {
  if (!hasEnded(run)) return <p className="text-muted">{text.run.answerComes}</p>;
  return run.state === "completed" ? <p className="text-muted">{text.run.noAnswer}</p> : null;
}
