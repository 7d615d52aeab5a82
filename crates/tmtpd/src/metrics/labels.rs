//! Label values of the metrics, also used in the log: why a link ended, by which rule a request was
//! refused, why a connection was rejected.

use tmtp_telemetry::kinds;

kinds! {
    /// Why a link ended.
    pub(crate) enum EndKind {
        /// The peer closed it.
        Closed => "closed",
        /// The app sent Quit.
        Logout => "logout",
        /// Unknown member or device.
        LoginFailed => "login_failed",
        /// The device has another link.
        NodeConnected => "node_connected",
        /// The peer broke the protocol.
        Violation => "violation",
        /// An account could not be made.
        RegisterFailure => "register_failure",
        /// It did not log in in time.
        LoginTimeout => "login_timeout",
        /// Its login slot was taken back for others.
        GaveWay => "gave_way",
        /// It was silent for too long.
        Silence => "silence",
        /// It sent too slowly.
        SlowSender => "slow_sender",
        /// It read too slowly.
        SlowReader => "slow_reader",
        /// The service is stopping.
        Stopping => "stopping",
        /// The store could not be read, or a sync failed.
        Store => "store",
        /// The connection broke.
        Broken => "broken",
    }
}

kinds! {
    /// A rule by which requests are refused. Rules that are limits of the configuration have their
    /// names.
    pub(crate) enum Rule {
        /// `for` names too many.
        RecipientsMax => "recipients_max",
        /// A member or group named in `for`, or the alias to ping, does not exist.
        Unknown => "unknown",
        /// The sender is not acquainted with a recipient, as the post policy requires.
        NotAcquainted => "not_acquainted",
        /// The sender or a named member is not in the group, or was not invited.
        NotInGroup => "not_in_group",
        /// Nobody but the sender would get the message.
        NobodyElse => "nobody_else",
        /// The invited member has joined already.
        AlreadyInGroup => "already_in_group",
        /// An alias is not the sender's own.
        NotOwnAlias => "not_own_alias",
        /// A name is too short, too long, or not printable.
        NameForm => "name_form",
        /// A name is taken.
        NameTaken => "name_taken",
        /// The sender's daily pings are used up.
        PingsPerDay => "pings_per_day",
        /// The receiver has not answered earlier pings.
        UnansweredPings => "unanswered_pings",
        /// The receiver has got too many pings from strangers.
        PingsReceived => "pings_received",
        /// Too many changes of presence in the minute.
        PresencePerMinute => "presence_per_minute",
        /// Too many notices of groups caused by the member in the minute.
        GroupNoticesPerMinute => "group_notices_per_minute",
        /// The group is full.
        GroupMembersMax => "group_members_max",
        /// The member is in too many groups, or invited to too many.
        GroupsPerMember => "groups_per_member",
        /// The invitee has not answered earlier invitations of the sender.
        UnansweredInvitations => "unanswered_invitations",
        /// The member has too many aliases.
        AliasesPerMember => "aliases_per_member",
        /// The member has too many devices.
        DevicesPerMember => "devices_per_member",
        /// The member has added too many devices within an hour.
        DevicesPerHour => "devices_per_hour",
        /// Names and lists do not fit into a header.
        HeaderRoom => "header_room",
        /// No device of a receiver has room in its queue.
        QueueFull => "queue_full",
        /// There is no room on the disk.
        DiskFull => "disk_full",
        /// Too much waits for the disk.
        Busy => "busy",
        /// A sync failed, and it is unknown whether it was stored: the link ends.
        Uncertain => "uncertain",
        /// The store or the machine failed.
        Failed => "failed",
        /// The service is stopping.
        Stopping => "stopping",
    }
}

kinds! {
    /// Why a connection is rejected.
    pub(crate) enum RejectKind {
        /// The limit on all links is reached.
        LinksTotal => "links_total",
        /// The limit on links from its address is reached.
        LinksPerAddress => "links_per_address",
        /// Its slot was taken back for others, before its TLS handshake.
        GaveWay => "gave_way",
        /// Its TLS handshake failed or timed out.
        Handshake => "handshake",
        /// It asked for a TLS server name that no service here has.
        UnknownName => "unknown_name",
    }
}
