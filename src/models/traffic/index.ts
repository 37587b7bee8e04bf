/** Traffic from runs to models: limits, queues and circuit breakers per provider and key. */
export { NO_LIMITS } from "./provider-limiter.ts";
export { type TrafficOptions, ModelTraffic } from "./model-traffic.ts";
