import { isJsonObject } from "../kernel/json.ts";
import { repairRequest } from "./answer-check.ts";
import { IMAGE_TYPES, type ModelImage, type ModelMessage, type ModelToolResult } from "./language-model.ts";
import type { RunArtifact, RunFile } from "./run-event.ts";
import type { RunStep, RunView, ToolStep } from "./run-fold.ts";

/** The dialogue of a run so far, as its next turn needs it: the request, each finished turn, each finished call. */
export function dialogueOf(view: RunView): readonly ModelMessage[] {
  const messages: ModelMessage[] = [{ role: "user", text: view.prompt, images: filePictures(view.files) }];
  for (const steps of turnsOf(view.steps).values()) {
    const model = steps.find((step) => step.kind === "model");
    if (model?.kind !== "model" || model.end.state !== "done") continue;
    messages.push({
      role: "assistant",
      text: model.end.text,
      toolCalls: model.end.toolCalls,
      carried: model.end.carried,
    });
    if (model.outputProblems.length > 0) messages.push({ role: "user", text: repairRequest(model.outputProblems) });
    const results = steps.flatMap((step) => (step.kind === "tool" ? toolResult(step) : []));
    if (results.length > 0) messages.push({ role: "tool", results });
  }
  return messages;
}

function turnsOf(steps: readonly RunStep[]): ReadonlyMap<number, readonly RunStep[]> {
  return Map.groupBy(steps, ({ turn }) => turn);
}

function toolResult(step: ToolStep): readonly ModelToolResult[] {
  const { end } = step;
  if (end.state !== "done" && end.state !== "failed") return [];
  return [
    {
      id: step.modelCallId,
      name: step.name,
      text: end.text,
      structured: isJsonObject(end.structured) ? end.structured : undefined,
      failed: end.state === "failed",
      images: artifactPictures(end.artifacts),
    },
  ];
}

const filePictures = (files: readonly RunFile[]): readonly ModelImage[] =>
  files
    .filter(({ mediaType }) => IMAGE_TYPES.includes(mediaType))
    .map(({ name, mediaType, bytes, location }) => ({ name, mediaType, bytes, source: { type: "file", location } }));

const artifactPictures = (artifacts: readonly RunArtifact[]): readonly ModelImage[] =>
  artifacts
    .filter(({ mediaType }) => IMAGE_TYPES.includes(mediaType))
    .map(({ id, name, mediaType, bytes }) => ({ name, mediaType, bytes, source: { type: "artifact", id } }));
