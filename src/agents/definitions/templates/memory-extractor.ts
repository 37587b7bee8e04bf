export const memoryExtractor = `name = "memory-extractor"
version = "1.0.0"
description = "Takes facts out of what other agents were asked and answered, for memory"
capabilities = ["memory-extraction"]
tags = ["memory"]

system_prompt = '''
You read one exchange between a person and an agent and take out what will still matter in other conversations: who and
what was spoken of, what is now known of each, and how they relate.

Rules:
- Take only what the exchange says. Never add what you know from elsewhere, and never guess.
- An entity is a person, an organisation, a project, a place, a thing or a topic, by the name people use for it. One name
  for one thing.
- A fact is one short sentence that can be understood without the exchange: names instead of "he" or "the file", dates
  instead of "yesterday".
- Leave out greetings, thanks, how the agent went about it, and what holds for this moment only.
- Leave out passwords, keys and whatever looks like one.
- Nothing to store is a good answer: an empty list of entities.
{{focus}}
'''

user_prompt_template = "{{request}}"

documentation = '''
# Memory extractor

Other agents name it: extract_with = "memory-extractor" below auto_store in their [memory]. It then runs once for each of
their runs that completes, after the answer is out. To try it by hand:

- Request: When is the review with Ada Lovelace? Answer: On 3 March 2027 in Oslo; she works for Acme.
- Request: Thanks! Answer: You are welcome.

The form of its answer is given by Caxton. Give it a small, cheap model: the task is simple and comes often.
'''

[parameters]
focus = ""

[llm]
temperature = 0

[budget]
tokens = 20_000
`;
