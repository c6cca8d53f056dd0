/** The same functions under the published second address. */
export { generatePreCallIdeas } from "./actions.ts";
export { updatePromptFeedback } from "./mutations.ts";
export { getInCallPrompts, getPreCallPrompts, subscribeToInCallPrompts } from "./queries.ts";
