//! The API's methods, by constructor.

pub mod account;
pub mod admin_log;
pub mod administration;
pub mod auth;
pub mod bots;
pub mod buttons;
pub mod call;
pub mod channels;
pub mod chat_profile;
pub mod chats;
pub mod contacts;
pub mod dialogs;
pub mod drafts;
pub mod envelope;
pub mod error;
pub mod folders;
pub mod forwarding;
pub mod group_calls;
pub mod help;
pub mod history;
pub mod invites;
pub mod join_requests;
pub mod joining;
pub mod login_tokens;
pub mod media;
pub mod message_changes;
pub mod messages;
pub mod participants;
pub mod peer_settings;
pub mod permissions;
pub mod phone_calls;
pub mod photos;
pub mod pins;
pub mod polls;
pub mod privacy;
pub mod profile;
pub mod reactions;
pub mod receipts;
pub mod removal;
pub mod scheduled;
pub mod search;
pub mod sending_media;
pub mod text;
pub mod threads;
pub mod topics;
pub mod updates;
pub mod upload;
pub mod users;

use grammers_tl_types::deserialize::Cursor;
use grammers_tl_types::{Deserializable, Identifiable, RemoteCall, Serializable, functions};

use call::Call;
use error::RpcError;

/// A method that the network has.
#[derive(Clone, Copy)]
pub struct Method {
    /// Its name, such as `messages.sendMessage`.
    pub name: &'static str,
    /// Reads the arguments, runs it, and writes its answer.
    pub run: fn(&mut Call<'_>, &[u8]) -> Result<Vec<u8>, RpcError>,
}

/// The table of methods: a name, its request, and the function that answers it.
macro_rules! methods {
    ($($name:literal => $request:ty, $answer:path;)*) => {
        /// The method with this constructor.
        pub fn find(constructor: u32) -> Option<Method> {
            match constructor {
                $(<$request>::CONSTRUCTOR_ID => Some(Method {
                    name: $name,
                    run: |call, arguments| {
                        let request = read::<$request>(arguments)?;
                        let answer: <$request as RemoteCall>::Return = $answer(call, request)?;
                        Ok(answer.to_bytes())
                    },
                }),)*
                _ => None,
            }
        }
    };
}

methods! {
    "help.getConfig" => functions::help::GetConfig, help::get_config;
    "help.getNearestDc" => functions::help::GetNearestDc, help::get_nearest_dc;
    "auth.sendCode" => functions::auth::SendCode, auth::send_code;
    "auth.resendCode" => functions::auth::ResendCode, auth::resend_code;
    "auth.cancelCode" => functions::auth::CancelCode, auth::cancel_code;
    "auth.signIn" => functions::auth::SignIn, auth::sign_in;
    "auth.signUp" => functions::auth::SignUp, auth::sign_up;
    "auth.checkPassword" => functions::auth::CheckPassword, auth::check_password;
    "auth.logOut" => functions::auth::LogOut, auth::log_out;
    "auth.resetAuthorizations" => functions::auth::ResetAuthorizations, auth::reset_authorizations;
    "auth.exportAuthorization" => functions::auth::ExportAuthorization, auth::export_authorization;
    "auth.importAuthorization" => functions::auth::ImportAuthorization, auth::import_authorization;
    "auth.exportLoginToken" => functions::auth::ExportLoginToken, login_tokens::export_login_token;
    "auth.importLoginToken" => functions::auth::ImportLoginToken, login_tokens::import_login_token;
    "auth.acceptLoginToken" => functions::auth::AcceptLoginToken, login_tokens::accept_login_token;
    "auth.importBotAuthorization" => functions::auth::ImportBotAuthorization, bots::import_bot_authorization;
    "account.getPassword" => functions::account::GetPassword, account::get_password;
    "account.updatePasswordSettings" => functions::account::UpdatePasswordSettings, account::update_password_settings;
    "account.getAuthorizations" => functions::account::GetAuthorizations, account::get_authorizations;
    "account.resetAuthorization" => functions::account::ResetAuthorization, account::reset_authorization;
    "account.updateStatus" => functions::account::UpdateStatus, profile::update_status;
    "account.updateProfile" => functions::account::UpdateProfile, profile::update_profile;
    "account.checkUsername" => functions::account::CheckUsername, profile::check_username;
    "account.updateUsername" => functions::account::UpdateUsername, profile::update_username;
    "account.getPrivacy" => functions::account::GetPrivacy, privacy::get_privacy;
    "account.setPrivacy" => functions::account::SetPrivacy, privacy::set_privacy;
    "photos.uploadProfilePhoto" => functions::photos::UploadProfilePhoto, photos::upload_profile_photo;
    "photos.updateProfilePhoto" => functions::photos::UpdateProfilePhoto, photos::update_profile_photo;
    "photos.deletePhotos" => functions::photos::DeletePhotos, photos::delete_photos;
    "photos.getUserPhotos" => functions::photos::GetUserPhotos, photos::get_user_photos;
    "messages.editChatPhoto" => functions::messages::EditChatPhoto, photos::edit_chat_photo;
    "channels.editPhoto" => functions::channels::EditPhoto, photos::edit_channel_photo;
    "messages.editChatTitle" => functions::messages::EditChatTitle, chat_profile::edit_chat_title;
    "channels.editTitle" => functions::channels::EditTitle, chat_profile::edit_channel_title;
    "messages.editChatAbout" => functions::messages::EditChatAbout, chat_profile::edit_chat_about;
    "channels.toggleSlowMode" => functions::channels::ToggleSlowMode, chat_profile::toggle_slow_mode;
    "messages.editChatDefaultBannedRights" =>
        functions::messages::EditChatDefaultBannedRights, chat_profile::edit_chat_default_banned_rights;
    "users.getUsers" => functions::users::GetUsers, users::get_users;
    "users.getFullUser" => functions::users::GetFullUser, users::get_full_user;
    "contacts.getContacts" => functions::contacts::GetContacts, contacts::get_contacts;
    "contacts.resolveUsername" => functions::contacts::ResolveUsername, contacts::resolve_username;
    "contacts.resolvePhone" => functions::contacts::ResolvePhone, contacts::resolve_phone;
    "contacts.importContacts" => functions::contacts::ImportContacts, contacts::import_contacts;
    "contacts.addContact" => functions::contacts::AddContact, contacts::add_contact;
    "contacts.deleteContacts" => functions::contacts::DeleteContacts, contacts::delete_contacts;
    "contacts.block" => functions::contacts::Block, peer_settings::block;
    "contacts.unblock" => functions::contacts::Unblock, peer_settings::unblock;
    "contacts.getBlocked" => functions::contacts::GetBlocked, peer_settings::get_blocked;
    "messages.toggleDialogPin" => functions::messages::ToggleDialogPin, peer_settings::toggle_dialog_pin;
    "messages.markDialogUnread" => functions::messages::MarkDialogUnread, peer_settings::mark_dialog_unread;
    "folders.editPeerFolders" => functions::folders::EditPeerFolders, peer_settings::edit_peer_folders;
    "account.updateNotifySettings" => functions::account::UpdateNotifySettings, peer_settings::update_notify_settings;
    "messages.checkChatInvite" => functions::messages::CheckChatInvite, joining::check_chat_invite;
    "messages.importChatInvite" => functions::messages::ImportChatInvite, joining::import_chat_invite;
    "messages.exportChatInvite" => functions::messages::ExportChatInvite, invites::export_chat_invite;
    "messages.getExportedChatInvites" => functions::messages::GetExportedChatInvites, invites::get_exported_chat_invites;
    "messages.getExportedChatInvite" => functions::messages::GetExportedChatInvite, invites::get_exported_chat_invite;
    "messages.editExportedChatInvite" => functions::messages::EditExportedChatInvite, invites::edit_exported_chat_invite;
    "messages.deleteExportedChatInvite" => functions::messages::DeleteExportedChatInvite, invites::delete_exported_chat_invite;
    "messages.deleteRevokedExportedChatInvites" => functions::messages::DeleteRevokedExportedChatInvites,
        invites::delete_revoked_exported_chat_invites;
    "messages.getChatInviteImporters" => functions::messages::GetChatInviteImporters, join_requests::get_chat_invite_importers;
    "messages.hideChatJoinRequest" => functions::messages::HideChatJoinRequest, join_requests::hide_chat_join_request;
    "messages.hideAllChatJoinRequests" => functions::messages::HideAllChatJoinRequests, join_requests::hide_all_chat_join_requests;
    "messages.getCommonChats" => functions::messages::GetCommonChats, chats::get_common_chats;
    "contacts.search" => functions::contacts::Search, contacts::search;
    "messages.getDialogs" => functions::messages::GetDialogs, dialogs::get_dialogs;
    "messages.getPeerDialogs" => functions::messages::GetPeerDialogs, dialogs::get_peer_dialogs;
    "messages.getDialogFilters" => functions::messages::GetDialogFilters, folders::get_dialog_filters;
    "messages.updateDialogFilter" => functions::messages::UpdateDialogFilter, folders::update_dialog_filter;
    "messages.updateDialogFiltersOrder" => functions::messages::UpdateDialogFiltersOrder, folders::update_dialog_filters_order;
    "messages.getHistory" => functions::messages::GetHistory, history::get_history;
    "messages.getMessages" => functions::messages::GetMessages, history::get_messages;
    "messages.sendMessage" => functions::messages::SendMessage, messages::send_message;
    "messages.sendMedia" => functions::messages::SendMedia, sending_media::send_media;
    "messages.uploadMedia" => functions::messages::UploadMedia, sending_media::upload_media;
    "messages.sendMultiMedia" => functions::messages::SendMultiMedia, sending_media::send_multi_media;
    "messages.editMessage" => functions::messages::EditMessage, messages::edit_message;
    "messages.deleteMessages" => functions::messages::DeleteMessages, messages::delete_messages;
    "messages.deleteHistory" => functions::messages::DeleteHistory, message_changes::delete_history;
    "channels.deleteHistory" => functions::channels::DeleteHistory, message_changes::delete_channel_history;
    "messages.forwardMessages" => functions::messages::ForwardMessages, forwarding::forward_messages;
    "messages.readHistory" => functions::messages::ReadHistory, messages::read_history;
    "messages.setTyping" => functions::messages::SetTyping, messages::set_typing;
    "messages.search" => functions::messages::Search, search::search;
    "messages.searchGlobal" => functions::messages::SearchGlobal, search::search_global;
    "messages.getMessageReadParticipants" => functions::messages::GetMessageReadParticipants,
        receipts::get_message_read_participants;
    "messages.getOutboxReadDate" => functions::messages::GetOutboxReadDate, receipts::get_outbox_read_date;
    "channels.exportMessageLink" => functions::channels::ExportMessageLink, receipts::export_message_link;
    "messages.updatePinnedMessage" => functions::messages::UpdatePinnedMessage, pins::update_pinned_message;
    "messages.unpinAllMessages" => functions::messages::UnpinAllMessages, pins::unpin_all_messages;
    "messages.sendReaction" => functions::messages::SendReaction, reactions::send_reaction;
    "messages.getMessagesReactions" => functions::messages::GetMessagesReactions, reactions::get_messages_reactions;
    "messages.getMessageReactionsList" => functions::messages::GetMessageReactionsList, reactions::get_message_reactions_list;
    "messages.getBotCallbackAnswer" => functions::messages::GetBotCallbackAnswer, buttons::get_bot_callback_answer;
    "messages.setBotCallbackAnswer" => functions::messages::SetBotCallbackAnswer, buttons::set_bot_callback_answer;
    "messages.sendVote" => functions::messages::SendVote, polls::send_vote;
    "messages.getPollResults" => functions::messages::GetPollResults, polls::get_poll_results;
    "messages.getPollVotes" => functions::messages::GetPollVotes, polls::get_poll_votes;
    "messages.saveDraft" => functions::messages::SaveDraft, drafts::save_draft;
    "messages.getAllDrafts" => functions::messages::GetAllDrafts, drafts::get_all_drafts;
    "messages.clearAllDrafts" => functions::messages::ClearAllDrafts, drafts::clear_all_drafts;
    "messages.getScheduledHistory" => functions::messages::GetScheduledHistory, scheduled::get_scheduled_history;
    "messages.getScheduledMessages" => functions::messages::GetScheduledMessages, scheduled::get_scheduled_messages;
    "messages.deleteScheduledMessages" => functions::messages::DeleteScheduledMessages, scheduled::delete_scheduled_messages;
    "messages.sendScheduledMessages" => functions::messages::SendScheduledMessages, scheduled::send_scheduled_messages;
    "messages.getChats" => functions::messages::GetChats, chats::get_chats;
    "messages.getFullChat" => functions::messages::GetFullChat, chats::get_full_chat;
    "messages.createChat" => functions::messages::CreateChat, chats::create_chat;
    "messages.addChatUser" => functions::messages::AddChatUser, chats::add_chat_user;
    "messages.deleteChatUser" => functions::messages::DeleteChatUser, chats::delete_chat_user;
    "messages.deleteChat" => functions::messages::DeleteChat, removal::delete_chat;
    "channels.deleteChannel" => functions::channels::DeleteChannel, removal::delete_channel;
    "channels.createChannel" => functions::channels::CreateChannel, channels::create_channel;
    "channels.getChannels" => functions::channels::GetChannels, channels::get_channels;
    "channels.getFullChannel" => functions::channels::GetFullChannel, channels::get_full_channel;
    "channels.readHistory" => functions::channels::ReadHistory, channels::read_history;
    "channels.deleteMessages" => functions::channels::DeleteMessages, channels::delete_messages;
    "channels.joinChannel" => functions::channels::JoinChannel, channels::join_channel;
    "channels.leaveChannel" => functions::channels::LeaveChannel, channels::leave_channel;
    "channels.inviteToChannel" => functions::channels::InviteToChannel, channels::invite_to_channel;
    "channels.getParticipants" => functions::channels::GetParticipants, participants::get_participants;
    "channels.getParticipant" => functions::channels::GetParticipant, participants::get_participant;
    "channels.editAdmin" => functions::channels::EditAdmin, administration::edit_admin;
    "channels.editBanned" => functions::channels::EditBanned, administration::edit_banned;
    "channels.getAdminLog" => functions::channels::GetAdminLog, admin_log::get_admin_log;
    "messages.editChatAdmin" => functions::messages::EditChatAdmin, administration::edit_chat_admin;
    "channels.toggleForum" => functions::channels::ToggleForum, topics::toggle_forum;
    "messages.createForumTopic" => functions::messages::CreateForumTopic, topics::create_forum_topic;
    "messages.editForumTopic" => functions::messages::EditForumTopic, topics::edit_forum_topic;
    "messages.updatePinnedForumTopic" => functions::messages::UpdatePinnedForumTopic, topics::update_pinned_forum_topic;
    "messages.reorderPinnedForumTopics" => functions::messages::ReorderPinnedForumTopics, topics::reorder_pinned_forum_topics;
    "messages.deleteTopicHistory" => functions::messages::DeleteTopicHistory, topics::delete_topic_history;
    "messages.getForumTopics" => functions::messages::GetForumTopics, topics::get_forum_topics;
    "messages.getForumTopicsByID" => functions::messages::GetForumTopicsById, topics::get_forum_topics_by_id;
    "messages.getReplies" => functions::messages::GetReplies, threads::get_replies;
    "messages.readDiscussion" => functions::messages::ReadDiscussion, threads::read_discussion;
    "upload.saveFilePart" => functions::upload::SaveFilePart, upload::save_file_part;
    "upload.saveBigFilePart" => functions::upload::SaveBigFilePart, upload::save_big_file_part;
    "upload.getFile" => functions::upload::GetFile, upload::get_file;
    "updates.getState" => functions::updates::GetState, updates::get_state;
    "updates.getDifference" => functions::updates::GetDifference, updates::get_difference;
    "updates.getChannelDifference" => functions::updates::GetChannelDifference, updates::get_channel_difference;
    "messages.getDhConfig" => functions::messages::GetDhConfig, phone_calls::get_dh_config;
    "phone.requestCall" => functions::phone::RequestCall, phone_calls::request_call;
    "phone.receivedCall" => functions::phone::ReceivedCall, phone_calls::received_call;
    "phone.acceptCall" => functions::phone::AcceptCall, phone_calls::accept_call;
    "phone.confirmCall" => functions::phone::ConfirmCall, phone_calls::confirm_call;
    "phone.discardCall" => functions::phone::DiscardCall, phone_calls::discard_call;
    "phone.createGroupCall" => functions::phone::CreateGroupCall, group_calls::create_group_call;
    "phone.joinGroupCall" => functions::phone::JoinGroupCall, group_calls::join_group_call;
    "phone.leaveGroupCall" => functions::phone::LeaveGroupCall, group_calls::leave_group_call;
    "phone.discardGroupCall" => functions::phone::DiscardGroupCall, group_calls::discard_group_call;
    "phone.toggleGroupCallSettings" => functions::phone::ToggleGroupCallSettings, group_calls::toggle_group_call_settings;
    "phone.editGroupCallParticipant" => functions::phone::EditGroupCallParticipant, group_calls::edit_group_call_participant;
    "phone.getGroupCall" => functions::phone::GetGroupCall, group_calls::get_group_call;
    "phone.getGroupParticipants" => functions::phone::GetGroupParticipants, group_calls::get_group_participants;
    "phone.checkGroupCall" => functions::phone::CheckGroupCall, group_calls::check_group_call;
    "channels.getMessages" => functions::channels::GetMessages, history::get_channel_messages;
}

fn read<T: Deserializable>(arguments: &[u8]) -> Result<T, RpcError> {
    let mut cursor = Cursor::from_slice(arguments);
    let request = T::deserialize(&mut cursor).map_err(|_| RpcError::bad_request("INPUT_FETCH_ERROR"))?;
    if cursor.pos() != arguments.len() {
        return Err(RpcError::bad_request("INPUT_REQUEST_TOO_LONG"));
    }
    Ok(request)
}
