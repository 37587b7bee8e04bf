import { DURATION_BOUNDS_S, ROUTING_SAMPLED } from "../../../messaging/router/index.ts";
import type { MessagingServices } from "../../../messaging/index.ts";
import type { AccessServices } from "../../../access/index.ts";
import { operations } from "../../contract/index.ts";
import { implement } from "../perform.ts";
import type { ApiServices } from "../api-services.ts";
import { counter, exposition, gauge, histogram, type Metric } from "./exposition.ts";
import { memoryMetrics } from "./memory-metrics.ts";

/** The metrics in Prometheus' text format. Labels are few: no sender, no receiver, no conversation. */
async function exposed({ access: { limits }, agents, memory, messaging, runs, server }: ApiServices): Promise<string> {
  const { executing, waiting } = runs.runs.load();
  return exposition([
    gauge("caxton_server_uptime_seconds", "Since the server started", server.uptimeMs() / 1_000),
    gauge("caxton_agents_total", "Agents deployed", await agents.agents.count()),
    {
      name: "caxton_runs",
      help: "Runs in this process",
      type: "gauge",
      samples: [
        { labels: { state: "executing" }, value: executing },
        { labels: { state: "waiting" }, value: waiting },
      ],
    },
    ...limitMetrics(limits),
    ...trafficMetrics(messaging),
    ...timeMetrics(messaging),
    ...taskMetrics(messaging),
    ...(await memoryMetrics(memory.memory)),
    ...(await stockMetrics(messaging)),
  ]);
}

function limitMetrics(limits: AccessServices["limits"]): readonly Metric[] {
  const usage = limits.usage();
  return [
    {
      name: "caxton_limit_refusals_total",
      help: "Requests and connections that a limit refused, by limit and by the party it applies to",
      type: "counter",
      samples: limits.refusals().map(({ limit, level, count }) => ({ labels: { limit, level }, value: count })),
    },
    {
      name: "caxton_resource_usage",
      help: "Resources in use by all clients",
      type: "gauge",
      samples: usage.map(({ resource, used }) => ({ labels: { resource }, value: used })),
    },
    {
      name: "caxton_resource_limit",
      help: "Maximum of each resource for all clients: server.limits",
      type: "gauge",
      samples: usage.flatMap(({ resource, max }) => (max === undefined ? [] : [{ labels: { resource }, value: max }])),
    },
  ];
}

function trafficMetrics({ router }: MessagingServices): readonly Metric[] {
  const { accepted, settled, errors, capabilities, retries, receptions, durations } = router.figures();
  const done = settled.filter(({ outcome }) => outcome === "done");
  return [
    {
      name: "caxton_messages_total",
      help:
        "Messages by status of the receipt: accepted; answered: stored, but without recipients; refused; " +
        "duplicate: of an id that was known",
      type: "counter",
      samples: receptions.map(({ reception, count }) => ({ labels: { status: reception }, value: count })),
    },
    {
      name: "caxton_messages_sent_total",
      help: "Messages accepted, by act",
      type: "counter",
      samples: accepted.map(({ performative, count }) => ({ labels: { performative }, value: count })),
    },
    {
      name: "caxton_messages_received_total",
      help: "Deliveries that their recipients have processed, by act",
      type: "counter",
      samples: done.map(({ performative, count }) => ({ labels: { performative }, value: count })),
    },
    {
      name: "caxton_messages_processed_total",
      help: "Deliveries that are over, by act and how they ended",
      type: "counter",
      samples: settled.map(({ performative, outcome, count }) => ({
        labels: { performative, status: outcome },
        value: count,
      })),
    },
    {
      name: "caxton_message_errors_total",
      help: "Messages refused, or answered by the server with a failure or not-understood, by code",
      type: "counter",
      samples: [...errors].map(([code, value]) => ({ labels: { code }, value })),
    },
    counter("caxton_message_retries_total", "Deliveries that failed and are tried again", retries),
    {
      name: "caxton_capability_requests_total",
      help: "Messages to a capability, by name",
      type: "counter",
      samples: [...capabilities].map(([capability, value]) => ({ labels: { capability }, value })),
    },
    {
      name: "caxton_message_processing_duration_seconds",
      help: "From a message's delivery to its end at one recipient, by act",
      type: "histogram",
      bounds: DURATION_BOUNDS_S,
      series: durations.map(({ performative, buckets, sumS }) => ({ labels: { performative }, buckets, sum: sumS })),
    },
  ];
}

function timeMetrics({ router }: MessagingServices): readonly Metric[] {
  const { latency, routing } = router.figures();
  return [
    histogram(
      "caxton_message_latency_seconds",
      "Time from acceptance of a message to its first delivery, per recipient, with millisecond resolution",
      [{ took: latency }],
    ),
    histogram(
      "caxton_message_routing_duration_seconds",
      `Finding a message's recipients, measured for one message in ${ROUTING_SAMPLED}; by capability, empty where none was asked for that is there`,
      routing.map(({ capability, took }) => ({ labels: { capability }, took })),
    ),
  ];
}

function taskMetrics({ tasks }: MessagingServices): readonly Metric[] {
  const { ended, durations, successRate } = tasks.figures();
  return [
    {
      name: "caxton_tasks_total",
      help: "Tasks that ended, by protocol and how",
      type: "counter",
      samples: ended.map(({ protocol, end, count }) => ({ labels: { protocol, status: end }, value: count })),
    },
    gauge(
      "caxton_task_success_rate",
      "Share of done tasks among those done or failed since the server started; absent without any",
      successRate,
    ),
    histogram(
      "caxton_task_duration_seconds",
      "From making a task to its end, however it ended, by protocol",
      durations.map(({ protocol, took }) => ({ labels: { protocol }, took })),
    ),
  ];
}

async function stockMetrics({ router, messageJournal }: MessagingServices): Promise<readonly Metric[]> {
  const mailboxes = router.records.mailboxes();
  const sum = (of: (mailbox: (typeof mailboxes)[number]) => number) =>
    mailboxes.reduce((total, mailbox) => total + of(mailbox), 0);
  const { dead, bytes } = await messageJournal.figures();
  return [
    gauge(
      "caxton_message_queue_size",
      "Messages in mailboxes, including those in flight",
      sum(({ messages }) => messages),
    ),
    gauge(
      "caxton_message_queue_bytes",
      "Their size",
      sum(({ bytes: size }) => size),
    ),
    gauge(
      "caxton_mailbox_circuits_open",
      "Recipients that get a pause after failures",
      mailboxes.filter(({ breaker }) => breaker !== "closed").length,
    ),
    gauge("caxton_dead_letters", "Dead letters that are neither retried nor dropped", dead),
    gauge("caxton_message_journal_bytes", "The message journal's files", bytes),
  ];
}

const metrics = implement(operations.server.metrics, async (services: ApiServices) => ({
  mediaType: "text/plain; version=0.0.4; charset=utf-8",
  content: Buffer.from(await exposed(services)),
  headers: {},
}));

export const metricsOperations = [metrics] as const;
