"""Signing in and up."""

from telethon import errors, functions

from interop_case import HOME_DATACENTRE, InteropCase, new_phone


class SignIn(InteropCase):
    """How people come in."""

    async def test_code_at_a_foreign_datacentre_moves_the_client_home(self):
        alice = await self.person("Alice", lastName="Liddell", username="alice_of_sign_in")
        client = self.client(datacentre=1)
        await client.connect()
        sent = await client.send_code_request(alice.phone)
        self.assertEqual(client.session.dc_id, HOME_DATACENTRE)
        self.assertEqual((client.session.server_address, client.session.port), self.network.datacentres[HOME_DATACENTRE])
        code = await self.network.login_code(alice.phone)
        user = await client.sign_in(alice.phone, code, phone_code_hash=sent.phone_code_hash)
        self.assertEqual((user.id, user.first_name, user.last_name), (alice.id, "Alice", "Liddell"))
        me = await client.get_me()
        self.assertEqual((me.id, me.username, f"+{me.phone}"), (alice.id, alice.username, alice.phone))
        self.assertTrue(await client.is_user_authorized())

    async def test_wrong_code_is_refused(self):
        alice = await self.person("Alice")
        client = self.client()
        await client.connect()
        sent = await client.send_code_request(alice.phone)
        code = await self.network.login_code(alice.phone)
        wrong = f"{(int(code) + 1) % 100_000:05}"
        with self.assertRaises(errors.PhoneCodeInvalidError):
            await client.sign_in(alice.phone, wrong, phone_code_hash=sent.phone_code_hash)
        await client.sign_in(alice.phone, code, phone_code_hash=sent.phone_code_hash)
        self.assertTrue(await client.is_user_authorized())

    async def test_password(self):
        alice = await self.person("Alice", password="correct horse battery staple")
        with self.assertRaises(errors.SessionPasswordNeededError):
            await self.sign_in(alice)
        client = self.client(datacentre=1)
        await client.connect()
        sent = await client.send_code_request(alice.phone)
        code = await self.network.login_code(alice.phone)
        with self.assertRaises(errors.SessionPasswordNeededError):
            await client.sign_in(alice.phone, code, phone_code_hash=sent.phone_code_hash)
        self.assertFalse(await client.is_user_authorized())
        with self.assertRaises(errors.PasswordHashInvalidError):
            await client.sign_in(password="a wrong password")
        user = await client.sign_in(password="correct horse battery staple")
        self.assertEqual(user.id, alice.id)
        self.assertTrue(await client.is_user_authorized())

    async def test_password_can_be_changed_and_removed(self):
        alice = await self.person("Alice")
        client = await self.sign_in(alice)
        self.assertTrue(await client.edit_2fa(new_password="the first", hint="before the second"))
        password = await client(functions.account.GetPasswordRequest())
        self.assertEqual((password.has_password, password.hint), (True, "before the second"))
        self.assertTrue(await client.edit_2fa("the first", new_password="the second"))
        with self.assertRaises(errors.SessionPasswordNeededError):
            await self.sign_in(alice)
        self.assertTrue(await client.edit_2fa("the second"))
        self.assertTrue(await (await self.sign_in(alice)).is_user_authorized())

    async def test_new_number_signs_up(self):
        phone = new_phone()
        client = self.client(datacentre=1)
        await client.connect()
        sent = await client.send_code_request(phone)
        code = await self.network.login_code(phone)
        # Telethon refuses to ask for a name itself, so it is told by hand what an official client does next.
        with self.assertRaises(errors.PhoneNumberUnoccupiedError):
            await client.sign_in(phone, code, phone_code_hash=sent.phone_code_hash)
        request = functions.auth.SignUpRequest(phone, sent.phone_code_hash, "Newcomer", "Novak")
        authorization = await client(request)
        self.assertEqual(authorization.user.first_name, "Newcomer")
        me = await client.get_me()
        self.assertEqual((me.id, me.last_name, f"+{me.phone}"), (authorization.user.id, "Novak", phone))
        await client.send_message("me", "a note to myself")
        self.assertEqual(await self.network.texts(phone, phone), ["a note to myself"])

    async def test_signing_out(self):
        alice = await self.person("Alice")
        client = await self.sign_in(alice)
        key = client.session.auth_key
        self.assertTrue(await client.log_out())
        again = self.client(key=key)
        await again.connect()
        self.assertEqual(again.session.auth_key, key)
        self.assertFalse(await again.is_user_authorized())

    async def test_sessions_are_listed_and_ended(self):
        alice = await self.person("Alice")
        first, second = await self.sign_in(alice), await self.sign_in(alice)
        listed = (await first(functions.account.GetAuthorizationsRequest())).authorizations
        self.assertEqual([one.current for one in listed].count(True), 1)
        others = [one.hash for one in listed if not one.current]
        self.assertEqual(len(others), 1)
        self.assertTrue(await first(functions.account.ResetAuthorizationRequest(others[0])))
        self.assertEqual((await first.get_me()).id, alice.id)
        with self.assertRaises(errors.UnauthorizedError):
            await second(functions.updates.GetStateRequest())
