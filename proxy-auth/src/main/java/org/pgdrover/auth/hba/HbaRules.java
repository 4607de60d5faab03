package org.pgdrover.auth.hba;

public final class HbaRules {}
