const given = new URLSearchParams(location.search);
const server = given.get("server");

// The element comes from the server the meeting is on, so that both always fit together.
await import(`${server}/embed/connvo-meeting.js`);

document.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const meeting = document.createElement("connvo-meeting");
  meeting.setAttribute("server", server);
  meeting.setAttribute("meeting", given.get("meeting"));
  meeting.token = new FormData(event.target).get("token");
  for (const type of ["joined", "left", "recordingstarted", "recordingstopped", "error"])
    meeting.addEventListener(type, ({ detail }) => note(type, detail));
  document.getElementById("place").replaceChildren(meeting);
});

function note(type, detail) {
  const line = document.createElement("li");
  line.textContent = `${type} ${JSON.stringify(detail)}`;
  document.getElementById("events").append(line);
}
