//! What the network is.

use grammers_tl_types as tl;

use super::call::Call;
use super::error::RpcError;

/// How long a client may keep the configuration, in seconds.
const CONFIG_SECS: i32 = 3600;
/// The longest message, in characters.
pub const MESSAGE_CHARS_MAX: usize = 4096;
/// Members of a basic group.
pub const CHAT_MEMBERS_MAX: usize = 200;
/// Members of a supergroup.
pub const CHANNEL_MEMBERS_MAX: usize = 200_000;
/// How long a message may be edited, in seconds.
pub const EDIT_SECS: i32 = 172_800;

/// `help.getConfig`: the datacentres of this very network, and Telegram's usual limits.
pub fn get_config(call: &mut Call<'_>, _: tl::functions::help::GetConfig) -> Result<tl::enums::Config, RpcError> {
    let timeouts = call.live.settings.call_timeouts;
    let limit = |value: usize| i32::try_from(value).unwrap_or(i32::MAX);
    let options = call.datacentres.addresses.iter().map(|(id, address)| {
        tl::types::DcOption {
            ipv6: address.is_ipv6(),
            media_only: false,
            tcpo_only: false,
            cdn: false,
            r#static: false,
            this_port_only: true,
            id: *id,
            ip_address: address.ip().to_string(),
            port: i32::from(address.port()),
            secret: None,
        }
        .into()
    });
    Ok(tl::types::Config {
        default_p2p_contacts: false,
        preload_featured_stickers: false,
        revoke_pm_inbox: true,
        blocked_mode: false,
        force_try_ipv6: false,
        date: call.now,
        expires: call.now.saturating_add(CONFIG_SECS),
        test_mode: false,
        this_dc: call.session.dc_id,
        dc_options: options.collect(),
        dc_txt_domain_name: String::new(),
        chat_size_max: limit(CHAT_MEMBERS_MAX),
        megagroup_size_max: limit(CHANNEL_MEMBERS_MAX),
        forwarded_count_max: 100,
        online_update_period_ms: 210_000,
        offline_blur_timeout_ms: 5_000,
        offline_idle_timeout_ms: 30_000,
        online_cloud_timeout_ms: 300_000,
        notify_cloud_delay_ms: 30_000,
        notify_default_delay_ms: 1_500,
        push_chat_period_ms: 60_000,
        push_chat_limit: 2,
        edit_time_limit: EDIT_SECS,
        revoke_time_limit: i32::MAX,
        revoke_pm_time_limit: i32::MAX,
        rating_e_decay: 2_419_200,
        stickers_recent_limit: 200,
        channels_read_media_period: 604_800,
        tmp_sessions: None,
        call_receive_timeout_ms: timeouts.receive_ms,
        call_ring_timeout_ms: timeouts.ring_ms,
        call_connect_timeout_ms: timeouts.connect_ms,
        call_packet_timeout_ms: 10_000,
        me_url_prefix: "https://t.me/".into(),
        autoupdate_url_prefix: None,
        gif_search_username: None,
        venue_search_username: None,
        img_search_username: None,
        static_maps_provider: None,
        caption_length_max: 1024,
        message_length_max: limit(MESSAGE_CHARS_MAX),
        webfile_dc_id: call.session.dc_id,
        suggested_lang_code: None,
        lang_pack_version: None,
        base_lang_pack_version: None,
        reactions_default: None,
        autologin_token: None,
    }
    .into())
}

/// `help.getNearestDc`.
pub fn get_nearest_dc(call: &mut Call<'_>, _: tl::functions::help::GetNearestDc) -> Result<tl::enums::NearestDc, RpcError> {
    let country = call.datacentres.country.clone();
    Ok(tl::types::NearestDc { country, this_dc: call.session.dc_id, nearest_dc: call.datacentres.home_dc_id }.into())
}
