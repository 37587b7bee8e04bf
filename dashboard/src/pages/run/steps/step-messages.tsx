import { useState } from "react";
import type { RunDetail, Step, StepContext } from "../../../../../src/api/contract/index.ts";
import { Button } from "../../../parts/button.tsx";
import { Card } from "../../../parts/card.tsx";
import { contextText } from "../../../text/runs/context.ts";
import { text } from "../../../text/text.ts";
import { Fold } from "../fold.tsx";

type Turn = Extract<Step, { kind: "model" }>;
type Message = { readonly key: string; readonly title: string; readonly content: string };

const words = contextText.messages;
/** Messages that are listed at a time, the last first to be there. */
const SHOWN = 20;
/** So few are listed at once. */
const FEW = 2;

/** Messages of a turn's request as recorded; behind a button, because they may be many. */
export function TurnMessages({ run, step }: { readonly run: RunDetail; readonly step: Turn }) {
  const all = messagesOf(run, step);
  const isShort = all.length <= FEW;
  const [shown, setShown] = useState(isShort ? FEW : 0);
  const listed = all.slice(all.length - Math.min(shown, all.length));
  const rest = all.length - listed.length;
  return (
    <Card title={words.title} flush>
      <div className="space-y-2 px-4 py-3 text-xs text-muted">
        <p>{words.note(step.context?.shortened_through ?? 0)}</p>
        {rest === 0 ? null : (
          <Button size="small" onClick={() => setShown(shown + SHOWN)}>
            {shown === 0 ? words.show(all.length) : text.conversations.earlier(Math.min(rest, SHOWN))}
          </Button>
        )}
      </div>
      {listed.length === 0 ? null : (
        <div className="border-t border-line">
          {listed.map(({ key, title, content }) => (
            <Fold key={key} title={title} content={content} open={isShort && key === "prompt"} />
          ))}
        </div>
      )}
    </Card>
  );
}

/** What stood before a turn: prompts, the summary of turns that no longer fit, then each later turn with its results. */
export function messagesOf(run: RunDetail, { turn, context }: Pick<Turn, "turn" | "context">): readonly Message[] {
  const covered = context?.covered_through ?? 0;
  const summary = summaryOf(run, turn, context);
  const said = run.step_list.filter((step) => step.turn > covered && step.turn < turn);
  return [
    { key: "system", title: text.run.systemPrompt, content: run.system_prompt },
    { key: "prompt", title: text.run.prompt, content: run.prompt },
    ...(summary === undefined
      ? []
      : [{ key: "summary", title: contextText.summary(summary.covers_through), content: summary.text }]),
    ...said.map((step) => ({
      key: String(step.index),
      title: step.kind === "model" ? words.answer(step.turn) : words.result(step.tool, step.turn),
      content: step.kind === "model" ? answerOf(step) : step.text,
    })),
  ].filter(({ content }) => content !== "");
}

/** The summary that stood for covered turns. */
export const summaryOf = (run: RunDetail, turn: number, context: StepContext | null) =>
  context === null || context.covered_through === 0
    ? undefined
    : run.summaries.findLast((each) => each.turn <= turn && each.covers_through <= context.covered_through);

const answerOf = ({ text: said, tool_calls: calls }: Turn): string =>
  [said, ...calls.map((call) => `${call.name} ${call.arguments}`)].filter((part) => part !== "").join("\n");
