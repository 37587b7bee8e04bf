/** What goes from runs to models: limits, queues and circuit breakers for each provider and key. */
export { type BreakerOptions, type CircuitState } from "./breaker.ts";
export { type AccountLimits, NO_LIMITS } from "./gate.ts";
export { type ModelCondition, type TrafficOptions, ModelTraffic } from "./model-traffic.ts";
