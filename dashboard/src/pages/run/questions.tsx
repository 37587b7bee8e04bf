import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ExternalLink, MessageCircleQuestion } from "lucide-react";
import { operations, type RunDetail, type RunQuestion } from "../../../../src/api/contract/index.ts";
import { answerQuestion, type Answer } from "../../api/actions.ts";
import { Button } from "../../parts/button.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { text } from "../../text/text.ts";
import { Inputs, useArguments } from "../tools/call/call-form.tsx";

/** Server of the tool with which an agent itself asks. */
const ASK_USER = "user";

/** Open questions of a run, each with its options, or a form generated from its schema. */
export function Questions({ run }: { readonly run: RunDetail }) {
  const open = run.questions.filter(({ state }) => state === "open");
  return open.map((question) => <Question key={question.id} run={run} question={question} />);
}

function Question({ run: { id: run, agent }, question }: { readonly run: RunDetail; readonly question: RunQuestion }) {
  const client = useQueryClient();
  const form = useArguments({ input_schema: question.schema ?? {} });
  const answer = useMutation({
    mutationFn: (given: Answer) => answerQuestion(run, question.id, given),
    onSettled: () => client.invalidateQueries({ queryKey: ["run", run] }),
  });
  const title = text.question.title(question.server === ASK_USER ? agent : question.server);
  return (
    <section aria-label={title} className="mb-5 rounded-lg border border-warn/50 bg-warn-soft px-4 py-3">
      <div className="flex gap-2.5">
        <MessageCircleQuestion aria-hidden className="mt-0.5 size-4 shrink-0 text-warn" />
        <form
          className="min-w-0 max-w-2xl flex-1 space-y-3"
          onSubmit={(event) => {
            event.preventDefault();
            const content = question.schema === null ? {} : form.read();
            if (content !== undefined) answer.mutate({ action: "accept", content });
          }}
        >
          <div>
            <h2 className="font-medium">{title}</h2>
            <p className="mt-0.5 text-sm whitespace-pre-wrap">{question.message}</p>
            <p className="mt-0.5 text-xs text-muted">{text.question.note(question.expires_at)}</p>
          </div>
          {question.url === null ? null : (
            <a
              href={question.url}
              target="_blank"
              rel="noopener noreferrer"
              className="flex items-center gap-1.5 text-sm break-all text-accent hover:underline"
            >
              <ExternalLink aria-hidden className="size-3.5 shrink-0" />
              {question.url}
            </a>
          )}
          {question.schema === null || question.options.length > 0 ? null : <Inputs form={form} />}
          <div className="flex flex-wrap gap-2">
            <Answers
              question={question}
              isPending={answer.isPending}
              onPick={(content) => answer.mutate({ action: "accept", content })}
            />
            <Button
              needs={operations.run.input}
              size="small"
              disabled={answer.isPending}
              onClick={() => answer.mutate({ action: "decline" })}
            >
              {text.question.decline}
            </Button>
          </div>
          {answer.error === null ? null : <ProblemView error={answer.error} />}
        </form>
      </div>
    </section>
  );
}

type AnswersProps = {
  readonly question: RunQuestion;
  readonly isPending: boolean;
  readonly onPick: (option: string) => void;
};

/** One button for each option, or the one that sends the form. */
function Answers({ question: { options, url }, isPending, onPick }: AnswersProps) {
  const look = { needs: operations.run.input, look: "primary", size: "small", disabled: isPending } as const;
  if (options.length === 0)
    return (
      <Button {...look} type="submit">
        {url === null ? text.question.answer : text.question.visited}
      </Button>
    );
  return options.map((option) => (
    <Button key={option} {...look} onClick={() => onPick(option)}>
      {option}
    </Button>
  ));
}
