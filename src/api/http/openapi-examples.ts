import type { JsonObject } from "../../kernel/json.ts";

const RUN = "01a1fc54-37a5-7407-8f1a-c9483133386b";
const DEFINITION = `name = "welcomer"
version = "1.0.0"
capabilities = ["welcome"]
system_prompt = "Welcome the user in one sentence."
`;
const MESSAGE = { receiver: "data-analyzer", performative: "request", content: "Describe examples/data/penguins.csv" };
const TRIGGER = {
  name: "morning",
  kind: "cron",
  cron: "0 7 * * 1-5",
  zone: "Europe/Berlin",
  input: "Describe examples/data/penguins.csv",
};
const REASON = { reason: "It is being replaced" };

/** A request body of each operation that takes one, by name, for the OpenAPI document. An exported run is as long as the run, and has none. */
export const EXAMPLES: Readonly<Record<string, JsonObject>> = {
  "addedMessage.create": {
    messages: [
      { role: "user", text: "I prefer metric units." },
      { role: "assistant", text: "Noted." },
    ],
  },
  "agent.deploy": { source: DEFINITION },
  "agent.validate": { source: DEFINITION, format: "toml" },
  "agent.activate": { revision: 1 },
  "agent.pause": REASON,
  "approval.approve": { note: "Reports belong there", remember: true },
  "approval.deny": { reason: "Write to out/ only" },
  "capability.register": { agent: "invoice-bot", capability: "invoicing", version: "1.0.0" },
  "capability.updateRegistration": { status: "draining" },
  "conversation.merge": { into: RUN },
  "conversation.archiveInactive": { older_than: "30d", dry_run: true },
  "deadLetter.retry": { ids: [RUN] },
  "embedding.create": { input: ["a cat on a sofa"], model: "static" },
  "key.create": { name: "nightly reports", role: "operator", expires_in: 2_592_000 },
  "key.rotate": { grace: 3_600 },
  "mailbox.settle": { done: [RUN] },
  "memory.search": { query: "which car does she use to get to work", limit: 5 },
  "memory.remember": {
    entities: [{ name: "Ada", type: "person", observations: ["is allergic to peanuts"] }],
  },
  "memory.revise": { withdraw: ["is allergic to peanuts"] },
  "memory.revert": { version: 1 },
  "memory.relate": { relations: [{ from: "Ada", type: "works at", to: "Analytical Engines" }] },
  "memory.forgetScope": { scope: "agent-only:greeter", confirm: true },
  "memoryTransfer.migrate": { to: "postgresql" },
  "memoryMaintenance.restoreSnapshot": { confirm: true },
  "memoryMaintenance.check": { repair: false },
  "memoryMaintenance.prune": { dry_run: true },
  "messageKey.add": { public_key: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" },
  "message.send": MESSAGE,
  "message.sendBatch": { messages: [MESSAGE] },
  "message.validate": MESSAGE,
  "model.test": { model: "openai/gpt-5-nano" },
  "participant.register": { name: "invoice-bot", description: "Writes invoices" },
  "run.input": { action: "accept", content: "the upper drawer" },
  "run.prune": { older_than: "30d", dry_run: true },
  "run.fork": { at: 1, input: "Describe examples/data/iris.csv" },
  "run.retry": { latest: true },
  "run.start": { agent: "data-analyzer", input: "How many rows are in examples/data/penguins.csv?", wait: true },
  "run.update": { tags: ["nightly", "reviewed"] },
  "run.decide": { decision: "retry" },
  "run.choose": { choice: "use", model: "openai/gpt-5-nano" },
  "secret.set": { value: "the-key-of-the-service", origins: ["https://api.example.com"] },
  "secret.rotate": { value: "the-next-key-of-the-service" },
  "subscription.create": { subscriber: "invoice-bot", topic: "orders.*.created" },
  "task.create": {
    name: "translate",
    description: "Translate the report into French",
    requirements: { capabilities: ["translation"] },
    minimize: "bid.cost",
  },
  "task.distribute": { minimize: "bid.cost" },
  "thread.create": { agent: "data-analyzer", tags: ["penguins"] },
  "thread.send": { input: "and the mean body mass per island?", wait: true },
  "thread.update": { title: "Penguins", tags: ["penguins", "reviewed"] },
  "thread.fork": { title: "Another question" },
  "tool.call": { arguments: { expression: "40+2" } },
  "toolServer.deploy": { module: "AGFzbQEAAAA=", file: "unit-price.wasm", dry_run: true },
  "toolServer.accept": { revision: 2 },
  "toolServer.activate": { revision: 1 },
  "toolServer.pause": REASON,
  "toolServer.login": { redirect_uri: "http://127.0.0.1:8080/oauth/callback" },
  "toolServer.completeLogin": { state: "af0ifjsldkj", code: "SplxlOBeZQQYbYS6WxSbIA" },
  "trigger.create": { agent: "data-analyzer", ...TRIGGER },
  "trigger.update": { enabled: false },
  "trigger.preview": TRIGGER,
  "trigger.fire": { event: { order: 17 } },
  "notification.set": { url: "https://hooks.example.com/a2a", token: "token-of-the-client" },
  "remoteAgent.add": { url: "https://agents.example.com/a2a/clerk" },
  "webhook.create": { url: "https://hooks.example.com/caxton", events: ["run.*"] },
  "webhook.update": { enabled: false },
  "webhook.rotate": { grace: 3_600 },
  "webhook.replay": { delivery: RUN },
  "workspace.create": { name: "blue", description: "The blue team" },
  "workspace.update": { description: "The blue team", signatures: "required" },
  "user.link": { name: "Ada", role: "operator", expires_in: 86_400 },
};
