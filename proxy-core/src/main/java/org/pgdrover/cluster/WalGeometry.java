package org.pgdrover.cluster;

/// The sizes in which a server lays out WAL, both fixed when it was built or initialized.
record WalGeometry(int blockSize, long segmentSize) {
    private static final int SHORT_PAGE_HEADER = 24;
    private static final int LONG_PAGE_HEADER = 40;

    /// The end of the last record before an insert position.
    ///
    /// An insert position skips the header of a page that has nothing else yet; the end of the record
    /// before it, which is all that a standby can ever replay to, does not. Without this an idle primary
    /// seems ahead of its standbys after each WAL segment switch.
    long recordEnd(long insertLsn) {
        if (insertLsn % segmentSize == LONG_PAGE_HEADER) return insertLsn - LONG_PAGE_HEADER;
        return insertLsn % blockSize == SHORT_PAGE_HEADER ? insertLsn - SHORT_PAGE_HEADER : insertLsn;
    }
}
