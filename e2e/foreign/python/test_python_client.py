"""Holds the server to its contract with python-socketio and requests."""

import unittest

import socketio

from sotto import DEVICE, PASSWORD, Person, Server, sealed, text, until, uuid7


class Contract(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop() == 0, "the server did not end cleanly"

    def pair(self):
        one, two = Person.register(self.server), Person.register(self.server)
        return one, two, one.converse(two)

    def connect(self, person, **options):
        ear = person.connect(**options)
        self.addCleanup(ear.close)
        return ear

    def assert_problem(self, answer, status, code, field=None):
        self.assertEqual(answer.status_code, status, answer.text)
        self.assertTrue(answer.headers["content-type"].startswith("application/problem+json"))
        problem = answer.json()
        self.assertEqual(problem["code"], code)
        self.assertEqual(problem["status"], status)
        if field:
            self.assertEqual(problem["field"], field)

    def test_two_people_talk(self):
        one, two, conversation = self.pair()
        mine, theirs = self.connect(one), self.connect(two)
        message_id = uuid7()
        ack = mine.ask("message:send", {"conversation_id": conversation, "id": message_id, "envelope": text("hello")})
        self.assertEqual(ack, {"ok": True, "id": message_id, "status": "accepted"})
        entry = theirs.heard("message", lambda message: message["id"] == message_id)
        self.assertEqual((entry["seq"], entry["sender_id"], entry["envelope"]), (1, one.id, text("hello")))
        self.assertEqual(two.history(conversation), [entry])

        self.assertEqual(theirs.ask("receipt", {"conversation_id": conversation, "read_seq": 1}), {"ok": True})
        receipt = mine.heard("receipt", lambda data: data["user_id"] == two.id)
        self.assertEqual((receipt["delivered_seq"], receipt["read_seq"]), (1, 1))
        status = one.call("GET", f"/conversations/{conversation}/messages/{message_id}/status").json()
        self.assertEqual(status, {"status": "read", "delivered_to": [two.id], "read_by": [two.id]})

    def test_a_retry_is_one_message(self):
        one, two, conversation = self.pair()
        mine = self.connect(one)
        message = {"id": uuid7(), "envelope": text("once")}
        for _ in range(4):
            answer = one.call("POST", f"/conversations/{conversation}/messages", message)
            self.assertEqual((answer.status_code, answer.json()), (202, {"id": message["id"], "status": "accepted"}))
            ack = mine.ask("message:send", {"conversation_id": conversation, **message})
            self.assertEqual(ack, {"ok": True, "id": message["id"], "status": "accepted"})
        two.logged(conversation, message["id"])
        self.assertEqual(len(two.history(conversation)), 1)
        other = {"id": message["id"], "envelope": text("twice")}
        self.assert_problem(one.call("POST", f"/conversations/{conversation}/messages", other), 409, "id_conflict")

    def test_edit_react_retract(self):
        one, two, conversation = self.pair()
        theirs = self.connect(two)
        entry = one.say(conversation, "helo")
        one.say(conversation, "hello", kind="edit", target=entry["id"])
        sign = sealed({"type": "reaction", "emoji": "👍", "active": True})
        two.say(conversation, "", kind="reaction", target=entry["id"], envelope=sign)
        self.assertEqual(one.call("DELETE", f"/conversations/{conversation}/messages/{entry['id']}").status_code, 202)
        theirs.heard("message", lambda message: message["kind"] == "retract")
        kinds = [(each["seq"], each["kind"]) for each in two.history(conversation)]
        self.assertEqual(kinds, [(1, "message"), (2, "edit"), (3, "reaction"), (4, "retract")])
        first, edit = two.history(conversation)[:2]
        self.assertNotIn("envelope", first)
        self.assertNotIn("envelope", edit)

    def test_an_absence_is_caught_up(self):
        one, two, conversation = self.pair()
        for number in range(5):
            one.say(conversation, str(number))
        answer = two.call("POST", "/sync", {"heads": {conversation: 2}}).json()
        (synced,) = answer["conversations"]
        self.assertEqual([entry["seq"] for entry in synced["messages"]], [3, 4, 5])
        self.assertEqual((synced["has_more"], answer["left"], answer["mailbox"]), (False, [], []))

    def test_ready_and_both_transports(self):
        one, two, conversation = self.pair()
        one.say(conversation, "hello")
        for transports in (["websocket"], ["polling"], ["polling", "websocket"]):
            ready = self.connect(two, transports=transports).heard("ready")
            self.assertEqual(ready["heads"], {conversation: 1})

    def test_typing_and_presence(self):
        one, two, conversation = self.pair()
        mine = self.connect(one)
        states = mine.ask("presence:watch", {"user_ids": [two.id]})
        self.assertTrue(states["ok"])
        self.assertFalse(states["states"][0]["online"])
        theirs = self.connect(two)
        mine.heard("presence", lambda data: data["user_id"] == two.id and data["online"])
        self.assertEqual(mine.ask("typing", {"conversation_id": conversation, "active": True}), {"ok": True})
        typing = theirs.heard("typing")
        self.assertEqual(typing, {"conversation_id": conversation, "user_id": one.id, "active": True})
        theirs.close()
        mine.heard("presence", lambda data: data["user_id"] == two.id and not data["online"], limit=70)

    def test_sessions_end_with_their_sockets(self):
        laptop = Person.register(self.server)
        phone = laptop.another()
        ear = self.connect(phone)
        ear.heard("ready")
        sessions = laptop.call("GET", "/sessions").json()["sessions"]
        theirs = next(session for session in sessions if session["device"]["id"] == phone.device_id)
        self.assertEqual(laptop.call("DELETE", f"/sessions/{theirs['id']}").status_code, 204)
        self.assertEqual(ear.heard("session")["reason"], "revoked")
        until("the socket closes", lambda: not ear.client.connected, 5)
        self.assert_problem(phone.call("GET", "/me"), 401, "session_revoked")

    def test_refresh(self):
        person = Person.register(self.server)
        first = person.call("POST", "/auth/refresh", {"refresh_token": person.refresh_token})
        again = person.call("POST", "/auth/refresh", {"refresh_token": person.refresh_token})
        self.assertEqual((first.status_code, again.status_code), (200, 200))
        self.assertEqual(first.json()["refresh_token"], again.json()["refresh_token"])

    def test_whoever_is_not_signed_in_is_refused(self):
        person = Person.register(self.server)
        for auth in ({}, {"token": "nonsense"}, {"token": 7}):
            with self.assertRaises(socketio.exceptions.ConnectionError):
                person.connect(auth=auth)

    def test_bad_input_is_named(self):
        one, _, conversation = self.pair()
        mine = self.connect(one)
        for payload, field in [({}, "conversation_id"), ({"conversation_id": conversation}, "envelope")]:
            ack = mine.ask("message:send", payload)
            self.assertEqual((ack["ok"], ack["error"]["code"], ack["error"]["field"]), (False, "invalid", field))
        self.assertTrue(mine.ask("typing", {"conversation_id": conversation, "active": True})["ok"])
        body = {"username": "a b", "password": PASSWORD, "device": DEVICE}
        self.assert_problem(one.call("POST", "/auth/register", body), 422, "invalid", "username")
        self.assert_problem(one.call("GET", f"/conversations/{conversation}/messages?limit=0"), 422, "invalid", "limit")

    def test_binary_attachments_get_an_error_or_a_clean_end(self):
        one, _, conversation = self.pair()
        mine = self.connect(one)
        answers = []
        payload = {"conversation_id": conversation, "envelope": b"\x00\x01"}
        mine.client.emit("message:send", payload, callback=answers.append)
        until("an answer, or the end", lambda: answers or not mine.client.connected)
        self.assertTrue(all(not answer["ok"] for answer in answers))
        self.assertEqual(one.history(conversation), [])


if __name__ == "__main__":
    unittest.main()
