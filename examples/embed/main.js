const given = new URLSearchParams(location.search);
const server = given.get("server");

// The element comes from the server the meeting is on, so that both always fit together.
const loaded = import(`${server}/embed/connvo-meeting.js`);

const form = document.querySelector("form");
// Listens before that has come: a form that is sent as it is would show the token in the address.
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  await loaded;
  const meeting = document.createElement("connvo-meeting");
  meeting.setAttribute("server", server);
  meeting.setAttribute("meeting", given.get("meeting"));
  meeting.token = new FormData(form).get("token");
  for (const type of ["joined", "left", "recordingstarted", "recordingstopped", "error"])
    meeting.addEventListener(type, ({ detail }) => note(type, detail));
  document.getElementById("place").replaceChildren(meeting);
});

function note(type, detail) {
  const line = document.createElement("li");
  line.textContent = `${type} ${JSON.stringify(detail)}`;
  document.getElementById("events").append(line);
}
