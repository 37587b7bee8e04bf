import type { AgentCard } from "@a2a-js/sdk";
import type { JsonObject } from "../kernel/json.ts";
import type { Participants, Registration } from "../messaging/directory/index.ts";

/** Metadata by which registrations of a card differ from others. */
export const FROM_CARD = "a2a";
const CAPABILITY_CHARS_MAX = 100;
const SKILLS_MAX = 200;
const TEXT_CHARS_MAX = 500;

type Skill = { readonly capability: string; readonly metadata: JsonObject };

/** Lower-case words with hyphens; empty if a text has none. */
const capabilityOf = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^[^a-z]+|-+$/g, "")
    .slice(0, CAPABILITY_CHARS_MAX)
    .replace(/-+$/, "");

/** The skills of a card as capabilities, by their ids, at most 200. */
export function skillsOf({ skills }: AgentCard): readonly Skill[] {
  const found = new Map<string, Skill>();
  for (const { id, name, description, tags } of skills.slice(0, SKILLS_MAX)) {
    const capability = capabilityOf(id) || capabilityOf(name);
    if (capability === "" || found.has(capability)) continue;
    const metadata = {
      source: FROM_CARD,
      skill: id.slice(0, TEXT_CHARS_MAX),
      title: name.slice(0, TEXT_CHARS_MAX),
      description: description.slice(0, TEXT_CHARS_MAX),
      tags: tags.slice(0, 50).map((tag) => tag.slice(0, CAPABILITY_CHARS_MAX)),
    };
    found.set(capability, { capability, metadata });
  }
  return [...found.values()];
}

const versionOf = ({ version }: AgentCard): string => (/^\d{1,6}\.\d{1,6}\.\d{1,6}$/.test(version) ? version : "1.0.0");

/** Registrations of an agent that its card made. */
export const registeredSkills = (
  participants: Pick<Participants, "registrations">,
  workspace: string,
  name: string,
): readonly Registration[] =>
  participants
    .registrations(workspace)
    .filter(({ agent, metadata }) => agent.toLowerCase() === name.toLowerCase() && metadata["source"] === FROM_CARD);

/** Makes the capabilities of an agent equal to the skills of its card. Throws storage errors. */
export async function registerSkills(
  participants: Participants,
  { workspace, name }: { readonly workspace: string; readonly name: string },
  card: AgentCard,
): Promise<void> {
  const version = versionOf(card);
  const skills = new Map(skillsOf(card).map((skill) => [skill.capability, skill]));
  for (const { id, capability } of registeredSkills(participants, workspace, name)) {
    const skill = skills.get(capability);
    if (skill === undefined) await participants.removeRegistration(workspace, id);
    else {
      await participants.changeRegistration(workspace, id, { version, metadata: skill.metadata });
      await participants.checked(id, true);
    }
    skills.delete(capability);
  }
  // An operator may have registered some of them.
  const own = new Set(
    participants
      .registrations(workspace)
      .flatMap(({ agent, capability }) => (agent.toLowerCase() === name.toLowerCase() ? [capability] : [])),
  );
  for (const { capability, metadata } of skills.values())
    if (!own.has(capability))
      await participants.registerCapability({ workspace, agent: name, capability, version, metadata });
}
