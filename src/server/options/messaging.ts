import { DEFAULT_WORKSPACE } from "../../access/index.ts";
import type { MessagingOptions } from "../../messaging/index.ts";
import { conversationTerms, type LoadedConfig, routerOptions, tasksOptions } from "../config/index.ts";

export const messagingOptions = ({
  config: { access, data, messages, tasks, server },
}: LoadedConfig): MessagingOptions => ({
  workspace: DEFAULT_WORKSPACE,
  journal: {
    directory: data.directory,
    synchronous: messages.synchronous,
    bytesMax: messages.journal_bytes_max,
    deadLettersMax: messages.dead_letters_max,
  },
  router: routerOptions(messages),
  terms: conversationTerms(messages),
  tasks: tasksOptions(tasks, messages.rounds_max),
  similarityMin: messages.semantic_fallback ? messages.semantic_min_similarity : undefined,
  tokensRequired: messages.participant_tokens || access.mode === "required",
  closeMs: server.shutdown_timeout,
});
