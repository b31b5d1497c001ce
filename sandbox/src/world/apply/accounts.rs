//! Keys, sign-ins, accounts and address books.

use std::collections::{BTreeMap, BTreeSet};

use crate::methods::auth::CODE_SECS;
use crate::world::event::{Event, NewContact, NewUser};
use crate::world::ids::KeyAddress;
use crate::world::message_box::MessageBox;
use crate::world::state::{ContactName, LoginCode, RandomIds, State, User};

impl State {
    /// Applies the events that tell nobody anything.
    pub(super) fn apply_to_accounts(&mut self, event: &Event) {
        match event {
            Event::KeyStored { key, bytes } => {
                self.keys.insert(*key, bytes.clone());
            }
            Event::KeyDestroyed { key } => {
                self.keys.remove(key);
                self.sign_out(*key);
            }
            Event::UserCreated(user) => self.create_user(user),
            Event::PasswordAwaited { key, user_id } => {
                self.awaiting_password.insert(*key, *user_id);
                self.forget_code_of(*user_id);
            }
            Event::SignedIn { key, authorization } => {
                self.sign_out(*key);
                self.forget_code_of(authorization.user_id);
                if authorization.imported {
                    self.exported.remove(&authorization.user_id);
                }
                if let Some(user) = self.users.get_mut(&authorization.user_id) {
                    user.keys.insert(*key);
                }
                self.authorizations.insert(*key, authorization.clone());
            }
            Event::SignedOut { keys } => keys.iter().for_each(|key| self.sign_out(*key)),
            Event::AuthorizationExported { user_id, token } => {
                self.exported.insert(*user_id, token.clone());
            }
            Event::PasswordSet { user_id, password } => {
                if let Some(user) = self.users.get_mut(user_id) {
                    user.password.clone_from(password);
                }
            }
            Event::PremiumSet { user_id, premium } => {
                if let Some(user) = self.users.get_mut(user_id) {
                    user.premium = *premium;
                }
            }
            Event::ContactsRemoved { owner, contacts } => {
                if let Some(user) = self.users.get_mut(owner) {
                    user.contacts.retain(|contact, _| !contacts.contains(contact));
                }
            }
            Event::ClientChanged { key, client } => {
                if let Some(authorization) = self.authorizations.get_mut(key) {
                    authorization.client.clone_from(client);
                }
            }
            Event::LoginToken(event) => self.apply_to_login_tokens(event),
            Event::BotCreated(new) => {
                self.create_user(&new.user);
                self.bots.insert(self.last.user, new.bot.clone());
            }
            Event::ContactsAdded { owner, contacts } => self.add_contacts(*owner, contacts),
            code_event => self.apply_to_codes(code_event),
        }
    }

    fn apply_to_codes(&mut self, event: &Event) {
        match event {
            Event::CodeSent { phone, code, phone_code_hash, date, delivery } => {
                let sent = LoginCode {
                    code: code.clone(),
                    phone_code_hash: phone_code_hash.clone(),
                    date: *date,
                    verified: false,
                    attempts: 0,
                    delivery: *delivery,
                };
                self.login_codes.retain(|_, code| date.saturating_sub(code.date) <= CODE_SECS);
                self.login_codes.insert(phone.clone(), sent);
            }
            Event::CodeRefused { phone } => {
                if let Some(code) = self.login_codes.get_mut(phone) {
                    code.attempts = code.attempts.saturating_add(1);
                }
            }
            Event::CodeVerified { phone } => {
                if let Some(code) = self.login_codes.get_mut(phone) {
                    code.verified = true;
                }
            }
            Event::CodeCancelled { phone } => {
                self.login_codes.remove(phone);
            }
            _ => {}
        }
    }

    fn sign_out(&mut self, key: KeyAddress) {
        self.awaiting_password.remove(&key);
        let authorization = self.authorizations.remove(&key);
        if let Some(user) = authorization.and_then(|authorization| self.users.get_mut(&authorization.user_id)) {
            user.keys.remove(&key);
        }
    }

    fn create_user(&mut self, new: &NewUser) {
        let id = new.id.unwrap_or_else(|| {
            self.last.user += 1;
            self.last.user
        });
        let user = User {
            id,
            phone: new.phone.clone(),
            first_name: new.first_name.clone(),
            last_name: new.last_name.clone(),
            username: None,
            dc_id: new.dc_id,
            password: None,
            keys: BTreeSet::new(),
            contacts: BTreeMap::new(),
            messages: MessageBox::default(),
            dialogs: BTreeMap::new(),
            settings: BTreeMap::new(),
            random_ids: RandomIds::default(),
            premium: false,
        };
        self.users.insert(id, user);
        if !new.phone.is_empty() {
            self.phones.insert(new.phone.clone(), id);
        }
        if let Some(username) = &new.username {
            self.change_username(id, Some(username));
        }
    }

    fn forget_code_of(&mut self, user_id: i64) {
        if let Some(user) = self.users.get(&user_id) {
            self.login_codes.remove(&user.phone);
        }
    }

    fn add_contacts(&mut self, owner: i64, contacts: &[NewContact]) {
        let Some(user) = self.users.get_mut(&owner) else { return };
        for contact in contacts {
            // What was once known stays known.
            let knew = user.contacts.get(&contact.user_id).is_some_and(|before| before.by_phone);
            let name = ContactName {
                first_name: contact.first_name.clone(),
                last_name: contact.last_name.clone(),
                by_phone: contact.by_phone || knew,
            };
            user.contacts.insert(contact.user_id, name);
        }
    }
}
