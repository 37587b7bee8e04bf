export { dev } from "./dev.ts";
export { serve } from "./serve.ts";
export { health } from "./health.ts";
export { status } from "./status.ts";
export { doctor } from "./doctor.ts";
