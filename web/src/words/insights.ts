export const insightWords = {
  heading: "Insights",
  loading: "The insights are being fetched",
  todo: "To do",
  others: "With others",
  nothing:
    "There are none: nothing was said or noted yet that they could be taken from, it is still being listened to, or you have deleted them.",
  make: "Make them now",
  again: "Make them again",
  foundNothing:
    "Nothing was said or noted in this meeting, or what was made of it has been deleted.",
  useful: "Is this of use to you?",
  yes: "Yes",
  no: "No",
  thanks: "Thank you",
  remove: "Delete",
  removeTitle: "Delete your insights?",
  removeText: "They are gone for good, and are not made again; those of others stay.",
} as const;

export const ideaWords = {
  heading: "To talk about",
  get: "Ideas for this meeting",
  again: "Other ideas",
  none: "There is nothing yet that these people have in common, or left open the last time.",
  dismiss: "Dismiss",
} as const;

export const promptWords = {
  label: "A suggestion",
  used: "Good idea",
  dismiss: "Dismiss",
  setting: "Suggestions when the conversation comes to a halt",
} as const;
