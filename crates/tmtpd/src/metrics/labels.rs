//! Label values of the metrics, which are also what the log says: why a link ended, by which rule a
//! request was refused, why a connection was turned away.

use tmtp_telemetry::kinds;

kinds! {
    /// Why a link ended, for counting.
    pub(crate) enum EndKind {
        /// The peer closed it.
        Closed => "closed",
        /// The app said Quit.
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
        /// It had not logged in, and others waited.
        GaveWay => "gave_way",
        /// It was silent for too long.
        Silence => "silence",
        /// It sent too slowly.
        SlowSender => "slow_sender",
        /// It took too slowly.
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
    /// A rule by which requests are refused. Where a limit of the configuration is meant, it is
    /// called as there.
    pub(crate) enum Rule {
        /// `for` names too many.
        RecipientsMax => "recipients_max",
        /// A member or group named in `for`, or the alias to ping, does not exist.
        Unknown => "unknown",
        /// The sender does not know whom they write to, and the post policy asks for that.
        NotAcquainted => "not_acquainted",
        /// The sender is not in the group, or whom they name is not, or was not invited.
        NotInGroup => "not_in_group",
        /// Nobody but the sender would get the message, who asked for more than that.
        NobodyElse => "nobody_else",
        /// Who is invited has joined already.
        AlreadyInGroup => "already_in_group",
        /// An alias is used that is not the sender's own.
        NotOwnAlias => "not_own_alias",
        /// A name is too short, too long, or not printable.
        NameForm => "name_form",
        /// A name is taken.
        NameTaken => "name_taken",
        /// The sender's pings of the day are used up.
        PingsPerDay => "pings_per_day",
        /// The receiver has not answered earlier pings.
        UnansweredPings => "unanswered_pings",
        /// The receiver has got many pings from strangers.
        PingsReceived => "pings_received",
        /// The member's changes of presence for the minute are used up.
        PresencePerMinute => "presence_per_minute",
        /// The notices of groups that the member may cause in the minute are used up.
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
        /// A sync failed, and it is not known whether it was stored: the link ends.
        Uncertain => "uncertain",
        /// The store or the machine failed.
        Failed => "failed",
        /// The service is stopping.
        Stopping => "stopping",
    }
}

kinds! {
    /// Why a connection is not let in.
    pub(crate) enum Turned {
        /// There are as many links as may be in all.
        LinksTotal => "links_total",
        /// There are as many links from its address as may be.
        LinksPerAddress => "links_per_address",
        /// It had not shaken hands, and others waited.
        GaveWay => "gave_way",
        /// It did not manage a TLS handshake in time.
        Handshake => "handshake",
        /// It asked for a TLS server name that no service here has.
        UnknownName => "unknown_name",
    }
}
