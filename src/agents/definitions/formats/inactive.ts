/**
 * Keys of definition files that are parsed and checked but that this version does not act on. Each is accepted
 * with a warning, so that users do not rely on it; the version that acts on one removes it from this table.
 */
export const INACTIVE = {
  requires: "providers of a capability are resolved when a message requests it",
  "memory.retention": "what is remembered stays until it is forgotten",
  "memory.relationship_tracking": "relations are made by the tools of `memory`",
  "memory.auto_cleanup": "what is remembered stays until it is forgotten",
  "memory.learning_rate": "nothing learns",
  "memory.backend": "memory is in the server's data directory",
  "memory.settings": "write them into [memory]",
  memory_enabled: "write enabled into [memory]",
  memory_scope: "write scope into [memory]",
  conversation_settings: "write messaging and conversation",
  capability_metadata: "capabilities are only listed",
  context_requirements: "the context of a run is its request and its files",
  context_configuration: "the context of a run is its request and its files",
  context_preferences: "the context of a run is its request and its files",
  domain_specializations: "capabilities are only listed",
  specialization_keywords: "capabilities are only listed",
  resource_limits: "limits of tools are those of their servers",
  deployment: "every deployment is direct",
  monitoring: "every run is journaled in full",
  primary_provider: "write llm.model",
  secondary_provider: "write llm.fallback",
  fallback_provider: "write llm.fallback",
  provider_extensions: "write llm.options",
  "conversation.timeout": "conversations end as messages.conversation_idle and conversation_life of the server say",
  "conversation.temperature": "write llm.temperature",
  "conversation.memory_integration":
    "agents remember and recall by the tools of `memory`; nothing is recalled before a run",
  "messaging.conversation_timeout": "conversations end as messages.conversation_idle of the server says",
  "messaging.max_conversation_length": "write conversation.max_turns",
  "messaging.response_format": "answers that are JSON are sent as JSON, others as text",
  "performance.max_memory_usage": "limits of tools are those of their servers",
  "performance.context_preparation_timeout": "the context of a run is its request and its files",
  "performance.context_cache_ttl": "answers and contexts are not cached",
  "performance.cache_responses": "answers and contexts are not cached",
  "performance.preload_memory": "write enabled into [memory]",
  "performance.optimize_prompts": "prompts are sent as written",
} as const satisfies Readonly<Record<string, string>>;

/** Keys that would change what an agent may do or is. Accepting them without acting on them would mislead, so they are errors. */
export const UNSUPPORTED = {
  runtime: "WebAssembly agents are not supported yet by this version",
  module: "WebAssembly agents are not supported yet by this version",
  skills: "skills are not supported yet by this version",
} as const satisfies Readonly<Record<string, string>>;

export const UNSUPPORTED_FIX = {
  runtime: "Remove the key and write the agent with system_prompt.",
  module: "Remove the key and write the agent with system_prompt.",
  skills: "Put what the skill says into system_prompt.",
} as const satisfies Readonly<Record<keyof typeof UNSUPPORTED, string>>;
