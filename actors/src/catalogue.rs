//! The list of all operations. Routes, documents and the tests that walk everything are made from it.

use std::fmt;
use std::sync::Arc;

use crate::operation::Entry;
use crate::operations::*;

/// An ordered list of operations with unique names and unique routes.
#[derive(Clone)]
pub struct Catalogue(Arc<Vec<Entry>>);

impl Catalogue {
    /// Every operation of this server.
    pub fn standard() -> Self {
        Self::of(vec![
            Entry::user::<service::WhoAmI>(),
            Entry::user::<service::GetStorageMode>(),
            Entry::user::<service::SetStorageMode>(),
            Entry::user::<login::RequestLoginCode>(),
            Entry::user::<login::VerifyLoginCode>(),
            Entry::user::<login::SubmitTwoFactorPassword>(),
            Entry::user::<login::ResendLoginCode>(),
            Entry::user::<login::CancelLogin>(),
            Entry::user::<qr_login::StartQrLogin>(),
            Entry::user::<qr_login::GetQrLogin>(),
            Entry::user::<login::LogInBot>(),
            Entry::user::<session_transfer::ImportSession>(),
            Entry::account::<session_transfer::ExportSession>(),
            Entry::user::<accounts::ListAccounts>(),
            Entry::user::<accounts::GetAccount>(),
            Entry::user::<accounts::UpdateAccount>(),
            Entry::user::<accounts::DeleteAccount>(),
            Entry::user::<accounts::SuspendAccount>(),
            Entry::user::<accounts::ResumeAccount>(),
            Entry::account::<telegram_sessions::ListTelegramSessions>(),
            Entry::account::<telegram_sessions::EndTelegramSession>(),
            Entry::account::<chats::ListChats>(),
            Entry::account::<chats::StartLoadingChats>(),
            Entry::account::<chat_creation::CreateGroup>(),
            Entry::account::<chat_creation::CreateChannel>(),
            Entry::account::<chat_removal::DeleteChat>(),
            Entry::account::<chat_details::GetChat>(),
            Entry::account::<chat_details::ListCommonChats>(),
            Entry::account::<chat_search::GlobalSearch>(),
            Entry::account::<joining::ResolveChat>(),
            Entry::account::<joining::JoinChat>(),
            Entry::account::<joining::PreviewInvite>(),
            Entry::account::<chat_state::ArchiveChat>(),
            Entry::account::<chat_state::UnarchiveChat>(),
            Entry::account::<chat_state::MuteChat>(),
            Entry::account::<chat_state::UnmuteChat>(),
            Entry::account::<chat_state::MarkChatUnread>(),
            Entry::account::<chat_state::UnmarkChatUnread>(),
            Entry::account::<chat_state::PinChat>(),
            Entry::account::<chat_state::UnpinChat>(),
            Entry::account::<contacts::GetContacts>(),
            Entry::account::<topics::GetForumTopics>(),
            Entry::account::<topics::CreateTopic>(),
            Entry::account::<topics::EditTopic>(),
            Entry::account::<topics::DeleteTopic>(),
            Entry::account::<members::ListMembers>(),
            Entry::account::<members::AddMembers>(),
            Entry::account::<members::RemoveMember>(),
            Entry::account::<members::BanMember>(),
            Entry::account::<members::UnbanMember>(),
            Entry::account::<members::PromoteAdmin>(),
            Entry::account::<members::DemoteAdmin>(),
            Entry::account::<admin_log::ListAdminLog>(),
            Entry::account::<invites::ListInviteLinks>(),
            Entry::account::<invites::CreateInviteLink>(),
            Entry::account::<invites::EditInviteLink>(),
            Entry::account::<invites::RevokeInviteLink>(),
            Entry::account::<invites::ListJoinRequests>(),
            Entry::account::<invites::DecideJoinRequest>(),
            Entry::account::<invites::DecideJoinRequests>(),
            Entry::account::<contacts::SearchContacts>(),
            Entry::account::<contacts::ListBlocked>(),
            Entry::account::<contact_changes::AddContact>(),
            Entry::account::<contact_changes::ImportContacts>(),
            Entry::account::<contact_changes::DeleteContact>(),
            Entry::account::<contact_changes::BlockUser>(),
            Entry::account::<contact_changes::UnblockUser>(),
            Entry::account::<messages::GetMessages>(),
            Entry::account::<message_reading::GetMessage>(),
            Entry::account::<message_reading::GetMessageContext>(),
            Entry::account::<message_reading::GetMessageLink>(),
            Entry::account::<message_reading::GetReadReceipts>(),
            Entry::account::<message_search::SearchMessages>(),
            Entry::account::<message_search::SearchAllMessages>(),
            Entry::account::<sending::SendMessage>(),
            Entry::account::<messages::MarkMessagesRead>(),
            Entry::account::<pins::PinMessage>(),
            Entry::account::<pins::UnpinMessage>(),
            Entry::account::<pins::UnpinAll>(),
            Entry::account::<pins::ListPinned>(),
            Entry::account::<reactions::React>(),
            Entry::account::<reactions::Unreact>(),
            Entry::account::<reactions::ListReactions>(),
            Entry::account::<buttons::ListButtons>(),
            Entry::account::<buttons::PressButton>(),
            Entry::account::<polls::SendPoll>(),
            Entry::account::<polls::VotePoll>(),
            Entry::account::<polls::ClosePoll>(),
            Entry::account::<drafts::SendTyping>(),
            Entry::account::<drafts::SaveDraft>(),
            Entry::account::<drafts::ClearDraft>(),
            Entry::account::<drafts::ListDrafts>(),
            Entry::account::<scheduled::ListScheduled>(),
            Entry::account::<scheduled::DeleteScheduled>(),
            Entry::account::<scheduled::SendScheduledNow>(),
            Entry::account::<folders::ListFolders>(),
            Entry::account::<folders::SaveFolder>(),
            Entry::account::<folders::DeleteFolder>(),
            Entry::account::<folders::GetTabs>(),
            Entry::account::<folders::SaveTabs>(),
            Entry::account::<message_changes::EditMessage>(),
            Entry::account::<message_changes::DeleteMessages>(),
            Entry::account::<message_changes::DeleteHistory>(),
            Entry::account::<forwarding::ForwardMessages>(),
            Entry::account::<forwarding::CopyMessages>(),
            Entry::account::<media::SendMedia>(),
            Entry::download::<media::DownloadMedia>(),
            Entry::account::<telegram_folders::ListTelegramFolders>(),
            Entry::account::<telegram_folders::SaveTelegramFolder>(),
            Entry::account::<telegram_folders::DeleteTelegramFolder>(),
            Entry::account::<telegram_folders::ReorderTelegramFolders>(),
            Entry::account::<calls::ListCalls>(),
            Entry::account::<calls::RequestCall>(),
            Entry::account::<calls::AcceptCall>(),
            Entry::account::<calls::ConfirmCall>(),
            Entry::account::<calls::DiscardCall>(),
            Entry::account::<calls::SetCallVolume>(),
            Entry::account::<calls::MuteCall>(),
            Entry::account::<group_calls::CreateGroupCall>(),
            Entry::account::<group_calls::JoinGroupCall>(),
            Entry::account::<group_calls::LeaveGroupCall>(),
            Entry::account::<group_calls::MuteGroupCall>(),
            Entry::account::<group_calls::ListGroupCallParticipants>(),
            Entry::user::<speech::GetSttSettings>(),
            Entry::user::<speech::SetSttSettings>(),
            Entry::user::<speech::ListSttModels>(),
            Entry::user::<speech::DownloadSttModel>(),
            Entry::user::<speech::Transcribe>(),
            Entry::account::<chat_profile::EditChat>(),
            Entry::account::<photos::SetChatPhoto>(),
            Entry::account::<photos::DeleteChatPhoto>(),
            Entry::download::<photos::GetChatPhoto>(),
            Entry::account::<photos::GetUserPhotos>(),
            Entry::download::<photos::GetUserPhoto>(),
            Entry::download::<photos::GetAccountAvatar>(),
            Entry::account::<profile::UpdateProfile>(),
            Entry::account::<profile::SetProfilePhoto>(),
            Entry::account::<profile::DeleteProfilePhoto>(),
            Entry::account::<profile::GetPrivacy>(),
            Entry::account::<profile::SetPrivacy>(),
            Entry::stream::<events::StreamEvents>(),
            Entry::user::<events::PollEvents>(),
            Entry::user::<webhooks::CreateWebhook>(),
            Entry::user::<webhooks::ListWebhooks>(),
            Entry::user::<webhooks::GetWebhook>(),
            Entry::user::<webhooks::UpdateWebhook>(),
            Entry::user::<webhooks::DeleteWebhook>(),
            Entry::user::<webhooks::RotateWebhookSecret>(),
            Entry::user::<webhooks::TestWebhook>(),
            Entry::user::<deliveries::ListDeliveries>(),
            Entry::user::<deliveries::ReplayDelivery>(),
            Entry::user::<deliveries::ReplayDeliveries>(),
            Entry::user::<agent_keys::CreateAgentKey>(),
            Entry::user::<agent_keys::ListAgentKeys>(),
            Entry::user::<agent_keys::ListScopes>(),
            Entry::user::<agent_keys::RevokeAgentKey>(),
            Entry::user::<audit::ListAuditEntries>(),
            Entry::user::<credentials::GetCredentials>(),
            Entry::user::<credentials::SetCredentials>(),
            Entry::user::<credentials::DeleteCredentials>(),
            Entry::user::<credentials::SetServerCredentials>(),
        ])
    }

    /// A catalogue of these operations, for servers built with others than the standard ones.
    pub fn of(entries: Vec<Entry>) -> Self {
        Self(Arc::new(entries))
    }

    /// The operations, in the order of the documentation.
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// The operation with this name.
    pub fn find(&self, name: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.declaration().name == name)
    }
}

impl fmt::Debug for Catalogue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.0.iter()).finish()
    }
}
