/** Traffic from runs to models: limits, queues and circuit breakers per provider and key. */
export { type BreakerOptions, type CircuitState } from "./breaker.ts";
export { type AccountLimits, NO_LIMITS } from "./provider-limiter.ts";
export { type ModelCondition, type TrafficOptions, ModelTraffic } from "./model-traffic.ts";
