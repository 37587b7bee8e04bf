import type { ModelProvider } from "../port/index.ts";
import { addressOf, missingAddressHint } from "./model-name.ts";
import {
  awsKeys,
  awsRegion,
  keyNameOf,
  type ModelKeys,
  modelOf,
  type Provider,
  serverKey,
  variable,
} from "./providers.ts";

/** Returns whether a provider is configured and which setting it lacks. Sends no request. Never contains a key. */
export function readiness(provider: Provider, keys: ModelKeys): ModelProvider {
  const { name, type } = provider;
  const status = type === "bedrock" ? bedrock(provider, keys) : endpoint(provider, keys);
  const model = modelOf(provider, keys.environment);
  const testModel = model === undefined ? undefined : `${name}/${model}`;
  return { name, type, ...status, keyName: keyNameOf(provider), testModel };
}

type ProviderStatus = Pick<ModelProvider, "ready" | "note">;

function endpoint(provider: Provider, keys: ModelKeys): ProviderStatus {
  const { environment } = keys;
  const { configured, name } = provider;
  if (configured?.baseUrl !== undefined || configured?.apiKey !== undefined)
    return { ready: true, note: `models.providers.${name} is configured` };
  const address = variable(environment, provider.baseUrlVariable);
  if (address !== undefined) {
    const { baseUrlVariable, modelVariable, model } = provider;
    const isGuess = model !== undefined && variable(environment, modelVariable) === undefined;
    const guess = isGuess ? `; ${modelVariable} is not, so ${model} is requested` : "";
    return { ready: true, note: `${baseUrlVariable} is set${guess}` };
  }
  const key = serverKey(provider, keys);
  if (key !== undefined && key.type !== "text" && addressOf(provider) !== undefined)
    return { ready: true, note: `${key.name} is ${key.type === "stored" ? "stored" : "set"}` };
  if (provider.keyNeeded) return { ready: false, note: missingKeyHint(provider) };
  if (addressOf(provider) === undefined) return { ready: false, note: missingAddressHint(provider) };
  return { ready: true, note: `no key needed; expected at ${addressOf(provider)}` };
}

function bedrock(provider: Provider, keys: ModelKeys): ProviderStatus {
  const { environment } = keys;
  const region = awsRegion(provider, environment);
  const key = serverKey(provider, keys);
  if (key === undefined && awsKeys(environment) === undefined) return { ready: false, note: missingKeyHint(provider) };
  if (region === undefined) return { ready: false, note: "set AWS_REGION" };
  return { ready: true, note: `${key === undefined ? "AWS keys are" : "a bearer token is"} set; region ${region}` };
}

/** Returns the settings that give a provider its key. */
export function missingKeyHint({ type, name, keyVariables }: Provider): string {
  if (type === "bedrock" && keyVariables.length > 0)
    return "set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_REGION";
  const [first] = keyVariables;
  return first === undefined ? `set api_key of models.providers.${name}` : `set ${keyVariables.join(" or ")}`;
}
